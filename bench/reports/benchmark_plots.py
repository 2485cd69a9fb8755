"""Plots that compare the agents of a benchmark."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from slategym.bench.comparison.metrics import per_slate
from slategym.bench.format import decimals, interval, number
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.labels import Span, positions
from slategym.bench.reports.style import INK, Plot, Style, axis, error_bars, forest_layout, layout, padded, plot_text
from slategym.bench.statistics import Estimate


def clicks_against_conversions(findings: Findings, style: Style) -> Plot | None:
    """Plot the agents by their first two objectives, with lines of equal value if the weights are fixed.

    Returns:
        The plot; None if there is only one objective.
    """
    if len(findings.objectives) < 2:
        return None
    names, across, high = findings.shown, *list(findings.plurals.values())[:2]
    right, up = per_slate(across), per_slate(high)
    points = {name: (findings.estimate(name, right), findings.estimate(name, up)) for name in names}
    points = {name: point for name, point in points.items() if point[0].mean is not None and point[1].mean is not None}
    x_range = padded([x for click, _ in points.values() for x in click.known], 0.12)
    y_range = padded([y for _, conversion in points.values() for y in conversion.known], 0.12)
    height, top, bottom = 430, 12, 48
    traces: list[go.Scatter] = []
    notes: list[go.layout.Annotation] = []
    if findings.weights:
        for start, end, text in _lines_of_equal_value(findings.weights, x_range, y_range):
            traces.append(
                go.Scatter(
                    x=[start[0], end[0]],
                    y=[start[1], end[1]],
                    mode="lines",
                    line={"color": INK["baseline"][0], "width": 1},
                    opacity=0.4,
                    hoverinfo="skip",
                )
            )
            if _share(start[0], x_range) > 0.95:  # no room for its label
                continue
            at_top = start[1] >= y_range[1] * (1 - 1e-9)
            notes.append(
                go.layout.Annotation(
                    x=start[0],
                    y=start[1],
                    text=text,
                    xanchor="left",
                    yanchor="top" if at_top else "bottom",
                    font={"color": INK["muted"][0], "size": 11},
                )
            )
    spots = {name: (_span(click, x_range), _span(conversion, y_range)) for name, (click, conversion) in points.items()}
    texts = [
        (
            _share(note.x, x_range),
            _share(note.y, y_range) + (0.02 if note.yanchor == "bottom" else -0.02),
            6.0 * len(note.text),
        )
        for note in notes
    ]
    sides = positions(spots, {name: style.width(name) for name in points}, height - top - bottom, texts)
    x_places, y_places = (decimals(point[axis] for point in points.values()) for axis in (0, 1))
    for name, (click, conversion) in points.items():
        colour = style.colour(name)[0]
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=[click.mean],
                y=[conversion.mean],
                error_x=error_bars([click], colour),
                error_y=error_bars([conversion], colour),
                mode="markers+text",
                marker={"color": colour, "size": 11, "symbol": style.symbol(name)},
                text=[style.label(name)],
                textposition=sides[name],
                textfont={"color": colour},
                cliponaxis=False,
                hovertemplate=f"<b>{plot_text(name)}</b>"
                f"<br>{plot_text(across)} {number(click.mean, x_places)}, {interval(click, x_places)}"
                f"<br>{plot_text(high)} {number(conversion.mean, y_places)}, {interval(conversion, y_places)}<extra></extra>",
            )
        )
    look = layout(
        height=height,
        top=top,
        bottom=bottom,
        annotations=notes,
        xaxis=axis(f"{across} per slate", range=x_range, showgrid=False, nticks=9),
        yaxis=axis(f"{high} per slate", range=y_range, showgrid=False, nticks=7),
    )
    return Plot("clicks-against-conversions", traces, look)


def lead(findings: Findings, style: Style) -> Plot | None:
    """Plot the difference between the best agent and each other agent, with intervals (a forest plot).

    Returns:
        The plot; None if there is no other agent.
    """
    first, *rest = findings.ranked or [""]  # empty if only the oracle was run
    gaps = {name: gap for name in rest if (gap := findings.difference(first, name))}
    if not gaps:
        return None
    places = decimals(gaps.values())
    rows = list(gaps)[::-1]  # the closest agent is the top row
    traces = []
    for row, name in enumerate(rows):
        gap, colour = gaps[name], style.colour(name)[0]
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=[gap.mean],
                y=[row],
                error_x=error_bars([gap], colour),
                mode="markers",
                marker={
                    "size": 11,
                    "symbol": style.symbol(name) + ("-open" if gap.excludes_zero is False else ""),
                    "color": colour,
                    "line": {"width": 2, "color": colour},
                },
                cliponaxis=False,
                hovertemplate=f"<b>{plot_text(first)} minus {plot_text(name)}</b><br>"
                f"{number(gap.mean, places, True)} per {findings.unit}, {interval(gap, places)}<extra></extra>",
            )
        )
    ends = [end for gap in gaps.values() for end in gap.known]
    labels = [style.label(name) for name in rows]
    look = forest_layout(labels, ends, f"difference in value per {findings.unit}", 60 + 34 * len(rows), 7)
    return Plot("lead", traces, look)


def values_by_seed(findings: Findings, style: Style) -> Plot | None:
    """Plot the metric that agents are ranked by: a dot for each seed, and the mean with its interval.

    Returns:
        The plot; None if there is only one seed.
    """
    rows = findings.ranked[::-1]  # the best agent is the top row
    found = {name: findings.results["agents"][name].get("seeds") or {} for name in rows}
    if not rows or (findings.seeds or 0) < 2 or any(findings.metric not in each for each in found.values()):
        return None
    places = decimals(findings.estimate(name) for name in rows)
    traces = []
    for row, name in enumerate(rows):
        estimate, colour, values = findings.estimate(name), style.colour(name)[0], found[name]
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=values[findings.metric],
                y=[row - 0.22] * len(values["seed"]),
                mode="markers",
                marker={"size": 6, "color": colour, "opacity": 0.55},
                customdata=values["seed"],
                cliponaxis=False,
                hovertemplate=f"<b>{plot_text(name)}</b><br>seed %{{customdata}}: %{{x:,.{places}f}}<extra></extra>",
            )
        )
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=[estimate.mean],
                y=[row],
                error_x=error_bars([estimate], colour),
                mode="markers",
                marker={"size": 11, "symbol": style.symbol(name), "color": colour},
                cliponaxis=False,
                hovertemplate=f"<b>{plot_text(name)}</b><br>{number(estimate.mean, places)}, "
                f"{interval(estimate, places)}<extra></extra>",
            )
        )
    ends = [end for name in rows for end in findings.estimate(name).known]
    ends += [value for each in found.values() for value in each[findings.metric] if value is not None]
    title = "utility" if findings.scalarizer else f"value per {findings.unit}"
    return Plot("values", traces, forest_layout([style.label(name) for name in rows], ends, title, 60 + 38 * len(rows), 7))


def _span(estimate: Estimate, ends: Sequence[float]) -> Span:
    """The position of an estimate on an axis: low, mean and high."""
    mean = estimate.mean or 0.0
    low, high = estimate.interval or (mean, mean)
    return _share(low, ends), _share(mean, ends), _share(high, ends)


def _share(value: float, ends: Sequence[float]) -> float:
    """The position of a value on an axis, as a share of its length."""
    return (value - ends[0]) / (ends[1] - ends[0])


def _lines_of_equal_value(
    weights: tuple[float, float], x_range: Sequence[float], y_range: Sequence[float]
) -> list[tuple[tuple[float, float], tuple[float, float], str]]:
    """About six lines of equal value at round values: the two ends of each in the frame, the upper one first, and its label."""
    click, conversion = weights
    corners = [click * x + conversion * y for x in x_range for y in y_range]
    rough = (max(corners) - min(corners)) / 8
    if rough <= 0:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    places = max(0, -math.floor(math.log10(step)))
    lines: list[tuple[tuple[float, float], tuple[float, float], str]] = []
    for count in range(math.ceil(min(corners) / step), math.floor(max(corners) / step) + 1):
        value = count * step
        ends = [(x, (value - click * x) / conversion) for x in x_range] if conversion else []
        if click:
            ends += [((value - conversion * y) / click, y) for y in y_range]
        inside = {
            (x, y)
            for x, y in ends
            if x_range[0] - 1e-12 <= x <= x_range[1] + 1e-12 and y_range[0] - 1e-12 <= y <= y_range[1] + 1e-12
        }
        if len(inside) >= 2:
            lower, upper = sorted(inside, key=lambda end: (end[1], -end[0]))[:: len(inside) - 1]
            lines.append((upper, lower, f"{'' if lines else 'value '}{number(value, places)}"))
    return lines
