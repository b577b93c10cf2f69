"""The menu of files: each table as CSV and XLSX, and the print view."""

from dash import html
from dash.development.base_component import Component

from portal.i18n import _
from portal.ui.blocks import aria, data, icon
from portal.ui.statistics.shown import Shown
from portal.ui.statistics.tables import table_titles

KINDS = ("csv", "xlsx")


def export_menu(shown: Shown) -> Component:
    """A menu that opens without a script."""
    query = shown.query.text()
    return html.Details(
        [
            html.Summary(
                [icon("download"), html.Span(_("Export"), className="hp-hide-s")],
                className="btn btn-outline-secondary",
                title=_("Tables as files, and the print view"),
            ),
            html.Div(
                [
                    *(_row(name, title, query) for name, title in table_titles().items()),
                    html.Button(
                        [icon("file-earmark-pdf"), _("Print or save as PDF")],
                        type="button",
                        className="hp-menu-item",
                        **data(print="true"),
                    ),
                ],
                className="hp-menu-list hp-menu-pop",
            ),
        ],
        className="hp-menu hp-exports",
    )


def _row(name: str, title: str, query: str) -> Component:
    return html.Div(
        [
            html.Span(title, className="hp-grow"),
            *(
                html.A(
                    kind.upper(),
                    href=f"/statistics/export/{name}.{kind}" + (f"?{query}" if query else ""),
                    download="",
                    className="btn btn-outline-secondary btn-sm",
                    **aria(label=f"{title}, {kind.upper()}"),
                )
                for kind in KINDS
            ),
        ],
        className="hp-export",
    )
