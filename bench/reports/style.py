"""The look of reports: colours, the line and marker of each agent, and the plotly template of all plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import plotly.io

from slategym.bench.reports.findings import ORACLE, RANDOM, Findings
from slategym.bench.reports.labels import spread
from slategym.bench.statistics import Estimate

# Each colour for a light and for a dark page. Chosen by a search, so that they can be distinguished under protanopia,
# deuteranopia and tritanopia, with a contrast of at least 3.4 against the page.
PALETTE = (
    ("#12419d", "#5183eb"),
    ("#d84f00", "#eea68f"),
    ("#037968", "#82e2c5"),
    ("#c456bd", "#febefd"),
    ("#4086f8", "#9bb8e6"),
    ("#9e0d00", "#e16069"),
    ("#7b1b70", "#bd63b8"),
    ("#7547c6", "#c58efe"),
)
INK = {
    "ink": ("#1d2129", "#e9ebef"),
    "muted": ("#616a78", "#a0a8b5"),
    "line": ("#e1e4e9", "#2e333d"),
    "paper": ("#fdfdfc", "#14161b"),
    "tint": ("#eef2f9", "#1e2531"),
    "baseline": ("#868c96", "#90969f"),
}
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "triangle-up", "cross")
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
CHARACTER = 7.0  # approximate width of a character of a label, in pixels


@dataclass(frozen=True)
class Plot:
    """A plot of a page.

    It is not a `plotly.graph_objects.Figure`, which would copy and validate every trace again.

    Attributes:
        id: id of its HTML element, unique in the page.
        traces: what is drawn, from the lowest layer to the highest.
        layout: its layout, without the template, which the page contains once for all plots.
        half: whether it is shown side by side with another plot if the screen is wide enough.
    """

    id: str
    traces: Sequence[go.Scatter]
    layout: go.Layout
    half: bool = False

    def to_json(self) -> dict[str, Any]:
        """The content that the page's script draws."""
        traces = [trace.to_plotly_json() for trace in self.traces]
        return {"id": self.id, "half": self.half, "data": traces, "layout": self.layout.to_plotly_json()}


class Style:
    """One colour, line and label per agent, the same in every plot and table.

    Args:
        findings: results with the agents.
    """

    def __init__(self, findings: Findings) -> None:
        self.names = [*findings.agents] + [ORACLE] * (ORACLE not in findings.agents)
        others = [name for name in findings.agents if name not in (ORACLE, RANDOM)]
        self._place = {name: place for place, name in enumerate(others)}
        short = {name: name if len(name) <= 24 else f"…{name[-23:]}" for name in self.names}
        unique = len(set(short.values())) == len(short)
        self._label = short if unique else {name: name for name in short}

    def colour(self, agent: str) -> tuple[str, str]:
        """The colours in the light and the dark scheme: neutral for oracle and random, otherwise from the palette."""
        if agent == ORACLE:
            return INK["ink"]
        if agent == RANDOM:
            return INK["baseline"]
        return PALETTE[self._place[agent] % len(PALETTE)]

    def mark(self, agent: str) -> str:
        """The class of HTML elements in the agent's colour, `--agent` in the style sheet."""
        return f"a{self.names.index(agent)}"

    def dash(self, agent: str) -> str:
        """The line style, which differs between agents with the same colour."""
        return "dash" if agent == ORACLE else DASHES[self._place.get(agent, 0) // len(PALETTE) % len(DASHES)]

    def symbol(self, agent: str) -> str:
        """The marker."""
        return "diamond" if agent == ORACLE else SYMBOLS[self._place.get(agent, 0) // len(PALETTE) % len(SYMBOLS)]

    def short(self, agent: str) -> str:
        """The name, or its end if the name is long."""
        return self._label[agent]

    def label(self, agent: str) -> str:
        """The short name, escaped for a plot."""
        return plot_text(self._label[agent])

    def width(self, agent: str) -> float:
        """The approximate width of the label, in pixels."""
        return CHARACTER * len(self._label[agent])

    def sheet(self) -> str:
        """A style sheet with the colours, for the light scheme, paper and the dark scheme."""
        day, night = (
            f":root{{{''.join(f'--{name}:{colour[tone]};' for name, colour in INK.items())}}}"
            + "".join(f".{self.mark(name)}{{--agent:{self.colour(name)[tone]}}}" for name in self.names)
            for tone in (0, 1)
        )
        return f"{day}\n@media screen and (prefers-color-scheme: dark) {{{night}}}"


def ink_sheet() -> str:
    """The colours of a page as variables of its style sheet, for the light and the dark scheme."""
    day, night = (f":root{{{''.join(f'--{name}:{colour[tone]};' for name, colour in INK.items())}}}" for tone in (0, 1))
    return f"{day}\n@media screen and (prefers-color-scheme: dark) {{{night}}}"


def plot_text(text: str) -> str:
    """Escape text for a plot: plotly interprets some tags, entities and %{...}."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%&#123;")


def padded(values: Iterable[float], share: float) -> list[float]:
    """The range of an axis with a margin around the values."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    air = share * (high - low) or 0.05 * abs(high) or 1.0
    # If no value is negative, the axis does not extend far below 0.
    return [max(low - air, -0.02 * (high - low)) if low >= 0 else low - air, high + air]


def axis(title: str, **options: Any) -> dict[str, Any]:
    """The properties of an axis. The title is text; the look comes from the template."""
    return {"title": {"text": plot_text(title)}, **options}


def layout(height: int, top: int, bottom: int, right: int | None = None, **options: Any) -> go.Layout:
    """Make a layout; its look comes from the template.

    Args:
        height: height of the whole plot, in pixels.
        top: upper margin, in pixels.
        bottom: lower margin, in pixels.
        right: right margin, in pixels; by default that of the template.
        **options: further properties of `plotly.graph_objects.Layout`.
    """
    margin = {"t": top, "b": bottom} | ({} if right is None else {"r": right})
    return go.Layout(height=height, margin=margin, **options)


def forest_layout(labels: Sequence[str], ends: Iterable[float], title: str, height: int, ticks: int) -> go.Layout:
    """Make the layout of a forest plot: one row per estimate, at y = 0, 1, ... from below, with a line at zero.

    Args:
        labels: labels of the rows, escaped by `plot_text`.
        ends: numbers that the horizontal axis must include, in addition to 0.
        title: title of the horizontal axis.
        height: height of the whole plot, in pixels.
        ticks: maximum number of ticks on the horizontal axis.
    """
    zero = {"zeroline": True, "zerolinecolor": INK["ink"][0], "zerolinewidth": 1}
    rows = list(range(len(labels)))
    return layout(
        height,
        8,
        48,
        xaxis=axis(title, range=padded([0.0, *ends], 0.06), nticks=ticks, **zero),
        yaxis=axis("", range=[-0.6, len(rows) - 0.4], showgrid=False, tickvals=rows, ticktext=list(labels)),
    )


def end_labels(ends: Mapping[str, tuple[float, str]], pixels: float) -> list[go.layout.Annotation]:
    """Label lines at their right ends, moved as little as possible to avoid overlaps.

    Args:
        ends: the last value and the colour of each line, by its label, which is escaped by `plot_text`.
        pixels: pixels per unit of the vertical axis.
    """
    heights = [value * pixels for value, _ in ends.values()]
    return [
        go.layout.Annotation(
            name="label",
            xref="paper",
            x=1,
            xanchor="left",
            xshift=6,
            y=value,
            yshift=moved - height,
            text=label,
            font={"color": colour},
        )
        for (label, (value, colour)), height, moved in zip(ends.items(), heights, spread(heights), strict=True)
    ]


def error_bars(estimates: Sequence[Estimate], colour: str) -> dict[str, Any]:
    """The intervals of points, for `error_x` or `error_y`."""
    if not any(estimate.interval for estimate in estimates):
        return {"visible": False}
    pairs = [
        (0.0, 0.0)
        if estimate.interval is None or estimate.mean is None
        else (estimate.interval[1] - estimate.mean, estimate.mean - estimate.interval[0])
        for estimate in estimates
    ]
    return {
        "type": "data",
        "symmetric": False,
        "array": [above for above, _ in pairs],
        "arrayminus": [below for _, below in pairs],
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def band(x: Sequence[Any], low: Sequence[Any], high: Sequence[Any], colour: str, opacity: float) -> go.Scatter:
    """The intervals of a line as an area."""
    return go.Scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=colour,
        opacity=opacity,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )


def _template() -> go.layout.Template:
    """The template with the fonts, colours, margins and axes of all plots."""
    ink, muted, line, paper = (INK[name][0] for name in ("ink", "muted", "line", "paper"))
    both_axes = {
        "title": {"font": {"color": muted, "size": 12}, "standoff": 8},
        "gridcolor": line,
        "showline": True,
        "linecolor": line,
        "tickfont": {"color": muted, "size": 12},
        "zeroline": False,
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "margin": {"l": 56, "r": 14},
            "font": {"family": FONT, "size": 13, "color": ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": False,
            "hovermode": "closest",
            "hoverlabel": {"bgcolor": paper, "bordercolor": line, "font": {"family": FONT, "color": ink}},
            "xaxis": both_axes,
            "yaxis": both_axes,
            "annotationdefaults": {"showarrow": False},
        }
    )


TEMPLATE = "slategym"
plotly.io.templates[TEMPLATE] = _template()
