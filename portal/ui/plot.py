"""What all charts share: plain plotly dicts whose colours are token names that the browser fills in."""

from typing import Any

from portal import i18n

Figure = dict[str, Any]


def axis() -> Figure:
    """An axis that is there to be read, not to be dragged."""
    return {
        "gridcolor": "--hp-grid",
        "linecolor": "--hp-line-strong",
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": "--hp-axis"},
        "fixedrange": True,
        "tickangle": 0,
    }


def layout(**own: Any) -> Figure:
    """The layout of a chart: no ground, no box, no legend; one box of figures under the pointer."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, sans-serif", "size": 12, "color": "--hp-ink-2"},
        "separators": ", " if i18n.language() == "ru" else ".,",
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "--hp-surface",
            "bordercolor": "--hp-line-strong",
            "font": {"color": "--hp-ink", "size": 12},
        },
        **own,
    }
