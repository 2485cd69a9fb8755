"""The look of the report: its colours, and one colour, line and label for each agent."""

from __future__ import annotations

from html import escape

from slategym.bench.report_findings import ORACLE, RANDOM, Findings

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

    def label(self, agent: str) -> str:
        """The name as HTML, its end alone where it is long. Quotes stay as they are: plotly knows few entities."""
        return escape(self._label[agent], quote=False)

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
