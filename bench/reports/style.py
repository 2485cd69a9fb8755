"""The look of the report: its colours, one colour, line and label for each agent, and what all plots share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slategym.bench.reports.findings import ORACLE, RANDOM, Findings
from slategym.bench.statistics import Estimate

Plot = dict[str, Any]

# Each colour on paper and on a dark screen. Chosen by search to stay apart under protanopia, deuteranopia and tritanopia,
# and at a contrast of at least 3.4 against the page.
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
CHARACTER = 7.0  # pixels that a character of a label takes, about


class Style:
    """One colour, line and label per agent, the same in every plot and table.

    Args:
        findings: whose agents are to be told apart.
    """

    def __init__(self, findings: Findings) -> None:
        self.names = [*findings.agents] + [ORACLE] * (ORACLE not in findings.agents)
        others = [name for name in findings.agents if name not in (ORACLE, RANDOM)]
        self._place = {name: place for place, name in enumerate(others)}
        short = {name: name if len(name) <= 24 else f"…{name[-23:]}" for name in self.names}
        unique = len(set(short.values())) == len(short)
        self._label = short if unique else {name: name for name in short}

    def colour(self, agent: str) -> tuple[str, str]:
        """On paper and on a dark screen: neutral for the two that frame the field, a palette for the others."""
        if agent == ORACLE:
            return INK["ink"]
        if agent == RANDOM:
            return INK["baseline"]
        return PALETTE[self._place[agent] % len(PALETTE)]

    def mark(self, agent: str) -> str:
        """The class that brings an element the agent's colour, `--agent` in the style sheet."""
        return f"a{self.names.index(agent)}"

    def dash(self, agent: str) -> str:
        """The line: a palette that comes round again changes it."""
        return "dash" if agent == ORACLE else DASHES[self._place.get(agent, 0) // len(PALETTE) % len(DASHES)]

    def symbol(self, agent: str) -> str:
        """The marker."""
        return "diamond" if agent == ORACLE else SYMBOLS[self._place.get(agent, 0) // len(PALETTE) % len(SYMBOLS)]

    def short(self, agent: str) -> str:
        """The name, its end alone where it is long."""
        return self._label[agent]

    def label(self, agent: str) -> str:
        """The short name for a plot."""
        return plot_text(self._label[agent])

    def width(self, agent: str) -> float:
        """About how many pixels the label takes."""
        return CHARACTER * len(self._label[agent])

    def sheet(self) -> str:
        """The colours as style sheet: by day and on paper, and on a dark screen."""
        day, night = (
            f":root{{{''.join(f'--{name}:{colour[tone]};' for name, colour in INK.items())}}}"
            + "".join(f".{self.mark(name)}{{--agent:{self.colour(name)[tone]}}}" for name in self.names)
            for tone in (0, 1)
        )
        return f"{day}\n@media screen and (prefers-color-scheme: dark) {{{night}}}"


def plot_text(text: str) -> str:
    """Text for a plot: plotly takes some tags for markup, knows few entities, and puts numbers for %{...} where one points."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%&#123;")


def padded(values: Iterable[float], share: float) -> list[float]:
    """An axis range with some air around the values."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    air = share * (high - low) or 0.05 * abs(high) or 1.0
    # What cannot be negative does not look as if it could.
    return [max(low - air, -0.02 * (high - low)) if low >= 0 else low - air, high + air]


def axis(title: str, **options: Any) -> Plot:
    """An axis in the page's ink; the title is text."""
    return {
        "title": {"text": plot_text(title), "font": {"color": INK["muted"][0], "size": 12}, "standoff": 8},
        "gridcolor": INK["line"][0],
        "linecolor": INK["line"][0],
        "tickfont": {"color": INK["muted"][0], "size": 12},
        "zeroline": False,
        "automargin": True,
    } | options


def layout(height: int, top: int, bottom: int) -> Plot:
    """What every plot shares."""
    return {
        "height": height,
        "margin": {"l": 56, "r": 14, "t": top, "b": bottom},
        "font": {"family": FONT, "size": 13, "color": INK["ink"][0]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hoverlabel": {
            "bgcolor": INK["paper"][0],
            "bordercolor": INK["line"][0],
            "font": {"family": FONT, "color": INK["ink"][0]},
        },
    }


def errors(estimates: Sequence[Estimate], colour: str) -> Plot:
    """The intervals of some points as plotly's error bars."""
    ends = [each.interval for each in estimates]
    if not any(ends):
        return {"visible": False}
    pairs = [
        (0.0, 0.0) if end is None else (end[1] - (each.mean or 0.0), (each.mean or 0.0) - end[0])
        for each, end in zip(estimates, ends, strict=True)
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


def band(x: Sequence[Any], low: Sequence[Any], high: Sequence[Any], colour: str, opacity: float) -> Plot:
    """The intervals of a line as an area."""
    return {
        "type": "scatter",
        "x": [*x, *x[::-1]],
        "y": [*high, *low[::-1]],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": opacity,
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
    }
