"""Plots of an audit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from slategym.bench.audits.values import ORACLE, REFERENCE_POLICIES
from slategym.bench.format import decimals, interval, number, percent
from slategym.bench.reports.labels import positions
from slategym.bench.reports.style import (
    CHARACTER,
    INK,
    PALETTE,
    Plot,
    Style,
    axis,
    band,
    end_labels,
    error_bars,
    forest_layout,
    layout,
    padded,
    plot_text,
)
from slategym.bench.statistics import Estimate

CLOCK = "time alone"
LABEL_ROOM = 0.07  # width of a number, as a share of the axis


def reference_policies(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """Plot each policy's share of the oracle's value, one row for the weights and one for each objective alone.

    Returns:
        The plot; None where shares have no meaning.
    """
    mixes = [mix for mix in audit["values"] if audit["values"][mix][ORACLE]["share_of_oracle"] is not None]
    if not mixes:
        return None
    rows = {mix: len(mixes) - 1 - place for place, mix in enumerate(mixes)}
    traces: list[go.Scatter] = []
    annotations: list[go.layout.Annotation] = []
    seen = [0.0, 1.0]
    for mix, row in rows.items():
        policies = audit["values"][mix]
        shares = {name: policies[name]["share_of_oracle"] for name in REFERENCE_POLICIES if name in policies}
        known = {name: share for name, share in shares.items() if share is not None}
        seen += known.values()
        ends = [min(known.values(), default=0.0), max(known.values(), default=0.0)]
        traces.append(_line(ends, [row, row], INK["line"][0], 2, hoverinfo="skip"))
        values = {name: Estimate.from_json(policy["per_slate"]) for name, policy in policies.items()}
        places = decimals(values.values())
        shifts = _label_shifts(known)
        for name, share in known.items():
            colour = style.colour(names[name])[0]
            traces.append(
                go.Scatter(
                    x=[share],
                    y=[row],
                    mode="markers",
                    marker={"color": colour, "size": 13, "symbol": style.symbol(names[name])},
                    cliponaxis=False,
                    hovertemplate=f"<b>{style.label(names[name])}</b>: {percent(share)} of the oracle<br>"
                    f"{number(values[name].mean, places)} per slate, {interval(values[name], places)}<extra></extra>",
                )
            )
            if shifts[name]:
                annotations.append(
                    go.layout.Annotation(
                        name="label",
                        x=share,
                        y=row,
                        yshift=shifts[name],
                        text=number(values[name].mean, places),
                        font={"size": 12, "color": colour},
                    )
                )
    heads = ["value" if mix == "value" else plot_text(f"{audit['config']['plurals'][mix]} alone") for mix in rows]
    look = layout(
        height=50 + 62 * len(rows),
        top=8,
        bottom=46,
        annotations=annotations,
        xaxis=axis("share of the oracle", range=padded(seen, 0.04), tickformat=".0%", nticks=6),
        yaxis=axis("", range=[-0.5, len(rows) - 0.3], showgrid=False, tickvals=list(rows.values()), ticktext=heads),
    )
    return Plot("reference-policies", traces, look)


def ranks(audit: Mapping[str, Any], part: str, title: str) -> Plot:
    """Plot one rate of random slates against the rank."""
    rates = [Estimate.from_json(rate) for rate in audit["by_rank"][part]]
    colour = PALETTE[0][0] if part == "click" else PALETTE[2][0]
    known = {rank: rate for rank, rate in enumerate(rates, 1) if rate.mean is not None}
    places = decimals(known.values())
    highest = max((end for rate in known.values() for end in rate.known), default=1.0)
    trace = go.Scatter(
        x=list(known),
        y=[rate.mean for rate in known.values()],
        error_y=error_bars(list(known.values()), colour),
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": 9},
        text=[f"{number(rate.mean, places)}, {interval(rate, places)}" for rate in known.values()],
        hovertemplate="rank %{x}: %{text}<extra></extra>",
    )
    ticks = min(len(rates), 10) + 1
    look = layout(
        height=260,
        top=12,
        bottom=44,
        xaxis=axis("rank", range=[0.5, len(rates) + 0.5], showgrid=False, nticks=ticks, tickformat="d"),
        yaxis=axis(title, range=[0, 1.12 * highest], nticks=5),
    )
    return Plot(f"rank-{part}", [trace], look, half=True)


def front(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot:
    """Plot the Pareto front of the two objectives, and the policies."""
    found = audit["tradeoff"]
    one, other = (name for name in found["front"] if name != "mix")
    ones, others = (audit["config"]["plurals"][name] for name in (one, other))
    first, second = plot_text(ones), plot_text(others)
    x, y, mixes = found["front"][one], found["front"][other], found["front"]["mix"]
    colour = INK["ink"][0]
    texts = [
        f"<b>best for {100 * mix:.0f} % {first}</b><br>{first} {a:.4g}, {second} {b:.4g}"
        for mix, a, b in zip(mixes, x, y, strict=True)
    ]
    marked = {"mode": "lines+markers", "marker": {"size": 5, "color": colour}}
    traces = [_line(x, y, colour, 1.5, text=texts, hovertemplate="%{text}<extra></extra>", **marked)]
    points = {names[name]: point for name, point in found["points"].items()}
    x_range = padded([*x, *(point[one] for point in points.values())], 0.08)
    y_range = padded([*y, *(point[other] for point in points.values())], 0.08)
    height, top, bottom = 400, 12, 48

    def span(value: float, ends: Sequence[float]) -> tuple[float, float, float]:
        where = (value - ends[0]) / (ends[1] - ends[0])
        return where, where, where

    spots = {name: (span(point[one], x_range), span(point[other], y_range)) for name, point in points.items()}
    sides = positions(spots, {name: style.width(name) for name in points}, height - top - bottom)
    for name, point in points.items():
        shade = style.colour(name)[0]
        traces.append(
            go.Scatter(
                x=[point[one]],
                y=[point[other]],
                mode="markers+text",
                marker={"color": shade, "size": 12, "symbol": style.symbol(name)},
                text=[style.label(name)],
                textposition=sides[name],
                textfont={"color": shade},
                cliponaxis=False,
                hovertemplate=f"<b>{style.label(name)}</b><br>{first} {point[one]:.4g}, "
                f"{second} {point[other]:.4g}<extra></extra>",
            )
        )
    look = layout(
        height=height,
        top=top,
        bottom=bottom,
        xaxis=axis(f"{ones} per slate", range=x_range, nticks=9),
        yaxis=axis(f"{others} per slate", range=y_range, nticks=7),
    )
    return Plot("front", traces, look)


def repetition(audit: Mapping[str, Any]) -> Plot | None:
    """Plot the clicks on a category while it is repeated and afterwards, as a share of the clicks without repetition."""
    found = audit["change"]["repetition"]
    if found is None:
        return None
    colour, muted, turn, visits = PALETTE[0][0], INK["muted"][0], found["repeats"], found["visits"]
    ratio = [Estimate.from_json(visit) for visit in found["ratio"]]
    marked = {"mode": "lines+markers", "marker": {"size": 5}, "hovertemplate": "visit %{x}: %{y:.1%}<extra></extra>"}
    traces = [*_band(visits, ratio, colour), _line(visits, [visit.mean for visit in ratio], colour, 2, **marked)]
    high = max(1.08, 1.05 * max(end for visit in ratio for end in visit.known))
    turning = go.layout.Shape(
        type="line", x0=turn, x1=turn, y0=0, y1=1, yref="paper", line={"color": muted, "width": 1, "dash": "dot"}
    )
    unchanged = go.layout.Shape(type="line", x0=0, x1=1, y0=1, y1=1, xref="paper", line={"color": INK["baseline"][0], "width": 1})
    above = {"y": 1, "yref": "paper", "yanchor": "bottom", "font": {"color": muted, "size": 12}}
    look = layout(
        height=300,
        top=22,
        bottom=44,
        shapes=[turning, unchanged],
        annotations=[
            go.layout.Annotation(x=turn / 2, text="repeated", **above),
            go.layout.Annotation(x=(turn + visits[-1]) / 2, text="not shown", **above),
        ],
        xaxis=axis("visits so far", range=[-0.3, visits[-1] + 0.3], nticks=8),
        yaxis=axis("clicks, relative to no repetition", range=[0, high], tickformat=".0%", nticks=6),
    )
    return Plot("repetition", traces, look, half=True)


def displacement(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """Plot how much the click probabilities of random slates have changed under each policy."""
    found = audit["change"]["displacement"]
    if found is None:
        return None
    moved = {names[name]: policy["moved"] for name, policy in found["policies"].items()} | {CLOCK: found["clock"]}
    lines = {name: [Estimate.from_json(visit) for visit in line] for name, line in moved.items()}
    return _lines("displacement", found["visits"], lines, style, "mean change of click probabilities", 300, half=True)


def survival(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """Plot the share of the shoppers who come to each visit."""
    found = audit["leaving"]
    if found is None:
        return None
    lines = {names[name]: [Estimate(share) for share in policy["survival"]] for name, policy in found["policies"].items()}
    visits = list(range(1, audit["config"]["visits_followed"] + 1))
    return _lines("survival", visits, lines, style, "share of shoppers who come", 360)


def lookahead(audit: Mapping[str, Any]) -> Plot | None:
    """Plot the difference in value per episode between lookahead policies and the oracle of single visits (a forest plot)."""
    found = audit["lookahead"]
    if found is None:
        return None
    gaps = {name: Estimate.from_json(variant["difference"]) for name, variant in found["variants"].items()}
    rows = sorted(gaps, key=lambda name: gaps[name].mean or 0.0)
    places = decimals(gaps.values())
    traces = []
    for row, name in enumerate(rows):
        gap, apart = gaps[name], bool(gaps[name].excludes_zero)
        colour = INK["muted"][0] if not apart else PALETTE[2][0] if (gap.mean or 0) > 0 else PALETTE[1][0]
        traces.append(
            go.Scatter(
                x=[gap.mean],
                y=[row],
                error_x=error_bars([gap], colour),
                mode="markers",
                marker={
                    "size": 10,
                    "color": colour,
                    "symbol": "circle" if apart else "circle-open",
                    "line": {"width": 2, "color": colour},
                },
                cliponaxis=False,
                hovertemplate=f"<b>{plot_text(name)}</b><br>"
                f"{number(gap.mean, places, True)} per episode, {interval(gap, places)}<br>"
                f"{found['variants'][name]['visits']['mean']:.1f} visits<extra></extra>",
            )
        )
    ends = [end for gap in gaps.values() for end in gap.known]
    title = "difference in value per episode from the oracle of single visits"
    labels = [plot_text(name) for name in rows]
    return Plot("lookahead", traces, forest_layout(labels, ends, title, 60 + 30 * len(rows), 9))


def _label_shifts(shares: Mapping[str, float]) -> dict[str, int]:
    """The height of each number above its point, in pixels: negative if there is only room below, 0 if there is no room."""
    shifts: dict[str, int] = {}
    free = {17: math.inf, -17: math.inf}
    for name, share in reversed(list(shares.items())):
        shifts[name] = next((side for side, until in free.items() if until - share >= LABEL_ROOM), 0)
        if shifts[name]:
            free[shifts[name]] = share
    return shifts


def _lines(
    id_: str,
    visits: Sequence[int],
    lines: Mapping[str, Sequence[Estimate]],
    style: Style,
    title: str,
    height: int,
    half: bool = False,
) -> Plot:
    """Plot shares against visits, with a label at the end of each line."""
    colours = {name: INK["muted"][0] if name == CLOCK else style.colour(name)[0] for name in lines}
    bands = [trace for name, line in lines.items() for trace in _band(visits, line, colours[name])]
    means = {name: [visit.mean for visit in line] for name, line in lines.items()}
    drawn = [
        _line(visits, line, colours[name], 1.8, name=plot_text(name), hovertemplate="%{y:.1%}").update(
            line_dash="dot" if name == CLOCK else style.dash(name)
        )
        for name, line in means.items()
    ]
    top, bottom, high = 12, 44, 1.1 * max(value or 0.0 for line in means.values() for value in line) or 1.0
    ends = {plot_text(name): (line[-1] or 0.0, colours[name]) for name, line in means.items()}
    look = layout(
        height=height,
        top=top,
        bottom=bottom,
        right=14 + math.ceil(max(CHARACTER * len(name) for name in lines)),
        annotations=end_labels(ends, (height - top - bottom) / high),
        hovermode="x unified",
        xaxis=axis("visit" if visits[0] else "visits so far", range=[visits[0], visits[-1]], nticks=8),
        yaxis=axis(title, range=[0, high], tickformat=".0%" if high > 0.1 else ".1%", nticks=6),
    )
    return Plot(id_, [*bands, *drawn], look, half)


def _line(x: Sequence[Any], y: Sequence[Any], colour: str, width: float, **options: Any) -> go.Scatter:
    return go.Scatter({"x": list(x), "y": list(y), "mode": "lines", "line": {"color": colour, "width": width}} | options)


def _band(x: Sequence[Any], line: Sequence[Estimate], colour: str) -> list[go.Scatter]:
    """The intervals as an area, if there are any."""
    if any(estimate.low is None for estimate in line):
        return []
    return [band(x, [estimate.low for estimate in line], [estimate.high for estimate in line], colour, 0.14)]
