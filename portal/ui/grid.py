"""A grid of rows that come block by block from a route of ours, as many as there are."""

from collections.abc import Sequence

import dash_ag_grid as dag
from dash.development.base_component import Component

#: Rows the grid asks for at once.
BLOCK = 100


def endless_grid(
    identifier: str, columns: Sequence[dict[str, object]], *, is_sortable: bool, **properties: object
) -> Component:
    """The grid; the page's script gives it its rows. Further `properties` are those of `AgGrid`."""
    grid: Component = dag.AgGrid(
        id=identifier,
        className="hp-grid",
        rowModelType="infinite",
        getRowId="params.data.id",
        columnDefs=list(columns),
        defaultColDef={"sortable": is_sortable, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions={
            "theme": {"function": "portalGridTheme(themeQuartz)"},
            "getLocaleText": {"function": "portalGridText(params)"},
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 6,
            "infiniteInitialRowCount": 20,
            "maxConcurrentDatasourceRequests": 2,
            "rowBuffer": 10,
            "rowHeight": 34,
            "headerHeight": 32,
            "suppressDragLeaveHidesColumns": True,
            "enableCellTextSelection": True,
        },
        **properties,
    )
    return grid
