"""The page of `slategym scale`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.performance.scaling import ENVIRONMENT
from slategym.bench.reports.page import Cell, Frame, entries, part, section, table
from slategym.bench.reports.style import INK, PALETTE, Plot, axis, layout, plot_text
from slategym.utils.storage.files import write_text

AXES = {"shoppers": "shoppers", "items": "items", "slate_size": "items per slate"}
READING = {
    "shoppers": "Steps of the vector environment with prepared slates. A flat line means that the time per slate does not "
    "depend on the number of shoppers. Memory grows with the number of shoppers; their state is the smaller part of it.",
    "items": "The environment alone, and with agents that decide and learn. With 10,000 items or more, agents choose among 100 "
    "candidates, drawn for each shopper and visit, so that only the agents' tables grow with the catalogue.",
    "slate_size": "Each additional item on a slate requires one more random click; the rest of a visit takes the same time.",
}
WHO = (ENVIRONMENT, "random", "lin-ts")


def write_page(scale: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a result of `bench.performance.scaling.measure_all`."""
    write_text(Path(path), page(scale))


def page(scale: Mapping[str, Any]) -> str:
    """Render the page as text."""
    frame, rows = Frame(), [row for row in scale["points"] if "left_out" not in row]
    sections = []
    for name, title in AXES.items():
        some = [row for row in rows if row["axis"] == name]
        if some:
            plots = frame.halves(
                _plot(f"{name}-time", name, title, "nanoseconds per slate", some, "nanoseconds_per_slate", 1),
                _plot(f"{name}-memory", name, title, "peak memory, MB", some, "memory_bytes", 1e-6),
            )
            content = _legend(some) + plots + _table(name, [row for row in scale["points"] if row["axis"] == name])
            sections.append(section(f"By {title}", READING[name], content))
    large = [row for row in scale["points"] if row["axis"] == "all"]
    if large:
        sections.append(section("Largest shop", "The largest measured combination of shoppers and items.", _table("all", large)))
    said = headline(rows)
    return frame.page(
        title=f"slategym scale: {said}",
        eyebrow=f"slategym scale · {scale['world']}",
        headline=said,
        summary_sentences=[],
        setting=f"Each point was measured in a separate process, for at least {scale['seconds']:g} seconds after a first step.",
        sections=sections,
        configuration=entries(scale["machine"]),
        palette=_sheet(),
        sheets=("report.css", "audit.css"),
    )


def headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """The largest measured point, in a sentence."""
    most = max((row for row in rows if row["who"] == ENVIRONMENT), key=lambda row: (row["shoppers"], row["items"]), default=None)
    if most is None:
        return "nothing could be measured"
    held = "" if most["memory_bytes"] is None else f", in {most['memory_bytes'] / 1e9:.1f} GB"
    return (
        f"{most['shoppers']:,} shoppers and {most['items']:,} items at {most['slates_per_second']:,.0f} slates/s{held}; "
        f"{most['state_bytes_per_shopper']:.0f} bytes of state per shopper"
    )


def _colour(who: str) -> tuple[str, str]:
    return PALETTE[WHO.index(who) if who in WHO else len(WHO)]


def _plot(id_: str, name: str, title: str, unit: str, rows: Sequence[Mapping[str, Any]], field: str, factor: float) -> Plot:
    traces, values = [], []
    for who in dict.fromkeys(row["who"] for row in rows):
        known = [row for row in rows if row["who"] == who and row[field] is not None]
        y = [row[field] * factor for row in known]
        values += y
        traces.append(
            go.Scatter(
                mode="lines+markers",
                x=[row[name] for row in known],
                y=y,
                line={"color": _colour(who)[0], "width": 2},
                marker={"size": 8, "color": _colour(who)[0]},
                hovertemplate=f"<b>{plot_text(who)}</b><br>%{{x:,}} {title}: %{{y:,.4~g}} {unit}<extra></extra>",
            )
        )
    # The axis covers whole decades, so that small changes do not look large.
    low, high = (min(values), max(values)) if values else (1, 10)
    decades: dict[str, Any] = {"type": "log", "dtick": 1, "exponentformat": "SI"}
    few: dict[str, Any] = {"dtick": None, "tickvals": [1, 2, 5, 10, 20, 50]} if name == "slate_size" else {}
    look = layout(
        height=330,
        top=10,
        bottom=50,
        xaxis=axis(title, **(decades | few)),
        yaxis=axis(unit, range=_decades(low, high), **decades),
    )
    return Plot(id_, traces, look)


def _decades(low: float, high: float) -> list[float]:
    return [floor(log10(low)) - 0.05, ceil(log10(high)) + 0.05]


def _legend(rows: Sequence[Mapping[str, Any]]) -> Markup:
    names = list(dict.fromkeys(row["who"] for row in rows))
    if len(names) < 2:
        return Markup()
    return part("legend", [part("marked", who, f"a{WHO.index(who)}") for who in names if who in WHO], always=True)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    head = ("", "shoppers", "items", "slate size", "candidates", "ns/slate", "slates/s", "state, bytes/shopper", "memory, MB")
    cells: list[list[Any]] = []
    for row in rows:
        first = [row["who"], *(f"{row[each]:,}" for each in ("shoppers", "items", "slate_size")), str(row["candidates"] or "all")]
        if "left_out" in row:
            cells.append([*first, Cell(row["left_out"], span=4)])
            continue
        memory = "unknown" if row["memory_bytes"] is None else f"{row['memory_bytes'] / 1e6:,.0f}"
        measured = (
            f"{row['nanoseconds_per_slate']:,.0f}",
            f"{row['slates_per_second']:,.0f}",
            f"{row['state_bytes_per_shopper']:.0f}",
            memory,
        )
        cells.append([*first, *measured])
    return table(head, cells, id=name)


def _sheet() -> str:
    day, night = (
        f":root{{{''.join(f'--{name}:{colour[tone]};' for name, colour in INK.items())}}}"
        + "".join(f".a{place}{{--agent:{_colour(who)[tone]}}}" for place, who in enumerate(WHO))
        for tone in (0, 1)
    )
    return f"{day}\n@media screen and (prefers-color-scheme: dark) {{{night}}}"
