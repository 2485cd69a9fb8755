"""The plots of the report, as data for plotly.js: what a benchmark's results look like."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from slategym.bench.report_findings import ORACLE, Estimate, Findings, decimals, interval, number
from slategym.bench.report_labels import Span, positions, spread
from slategym.bench.report_style import FONT, INK, Style

Plot = dict[str, Any]
Line = dict[str, Any]  # slates, mean, low and high, a list each


def curve(findings: Findings, style: Style, metric: str, plot: str, height: int, title: str) -> Plot | None:
    """One metric against the slates seen: a line and a band per agent, named at its end. None where nothing was recorded."""
    curves = findings.results.get("curves") or {}
    known = {name: curves[name] | curves[name][metric] for name in findings.shown if metric in curves.get(name, {})}
    if not known:
        return None
    if metric == "value" and ORACLE not in known and findings.oracle.mean is not None:
        slates = next(iter(known.values()))["slates"]
        known[ORACLE] = {"slates": slates, "mean": [findings.oracle.mean] * len(slates)}
    if metric == "cumulative_regret":  # it adds up from nothing
        starts = {"slates": 0, "mean": 0.0, "low": 0.0, "high": 0.0}
        known = {name: {part: [start, *(line.get(part) or [])] for part, start in starts.items()} for name, line in known.items()}
    known = dict(sorted(known.items(), key=lambda item: -_last(item[1]["mean"])))
    places = decimals(_end(line) for line in known.values())
    bands = [
        _band(line, style.colour(name)[0], 0.06 if name == ORACLE else 0.12) for name, line in known.items() if _bounded(line)
    ]
    lines = [
        {
            "type": "scatter",
            "name": style.label(name),
            "x": line["slates"],
            "y": line["mean"],
            "text": _intervals(line, places),
            "mode": "lines" if len(line["slates"]) > 1 else "markers",
            "line": {"color": style.colour(name)[0], "width": 1.2 if name == ORACLE else 1.8, "dash": style.dash(name)},
            "marker": {"color": style.colour(name)[0]},
            "hovertemplate": f"%{{y:,.{places}f}}%{{text}}",
        }
        for name, line in known.items()
    ]
    low, high = _padded([value for line in known.values() for value in line["mean"] if value is not None], 0.12)
    top, bottom = 12, 44
    pixels = (height - top - bottom) / (high - low)
    heights = [_last(line["mean"]) * pixels for line in known.values()]
    labels = [
        {
            "name": "label",
            "xref": "paper",
            "x": 1,
            "xanchor": "left",
            "xshift": 6,
            "y": _last(line["mean"]),
            "yshift": moved - where,
            "text": style.label(name),
            "showarrow": False,
            "font": {"color": style.colour(name)[0]},
        }
        for (name, line), where, moved in zip(known.items(), heights, spread(heights), strict=True)
    ]
    slates = _axis(
        "slates shown in a run",
        tickformat="~s",
        nticks=6,
        hoverformat=",.0f",
        unifiedhovertitle={"text": "%{x:,.0f} slates"},
        spikecolor=INK["muted"][0],
        spikethickness=1,
        spikedash="solid",
    )
    layout = _layout(height, top, bottom) | {
        "annotations": labels,
        "hovermode": "x unified",
        "xaxis": slates | {"range": [0, max(line["slates"][-1] for line in known.values())]},
        "yaxis": _axis(title, range=[low, high]),
    }
    layout["margin"]["r"] = 14 + math.ceil(max(style.width(name) for name in known))
    return {"id": plot, "data": [*bands, *lines], "layout": layout}


def clicks_against_conversions(findings: Findings, style: Style) -> Plot:
    """Where each agent stands between the two objectives, over lines on which every point is worth the same."""
    names = findings.shown
    points = {name: (findings.figure(name, "clicks_per_slate"), findings.figure(name, "conversions_per_slate")) for name in names}
    points = {name: point for name, point in points.items() if point[0].mean is not None and point[1].mean is not None}
    x_range = _padded([x for click, _ in points.values() for x in click if x is not None], 0.12)
    y_range = _padded([y for _, conversion in points.values() for y in conversion if y is not None], 0.12)
    height, top, bottom = 430, 12, 48
    data: list[Plot] = []
    annotations: list[Plot] = []
    if findings.weights:
        for start, end, text in _lines_of_equal_value(findings.weights, x_range, y_range):
            data.append(
                {
                    "type": "scatter",
                    "x": [start[0], end[0]],
                    "y": [start[1], end[1]],
                    "mode": "lines",
                    "line": {"color": INK["baseline"][0], "width": 1},
                    "opacity": 0.4,
                    "hoverinfo": "skip",
                }
            )
            at_top = start[1] >= y_range[1] * (1 - 1e-9)
            annotations.append(
                {
                    "x": start[0],
                    "y": start[1],
                    "text": text,
                    "showarrow": False,
                    "xanchor": "left",
                    "yanchor": "top" if at_top else "bottom",
                    "font": {"color": INK["muted"][0], "size": 11},
                }
            )
    spots = {name: (_span(click, x_range), _span(conversion, y_range)) for name, (click, conversion) in points.items()}
    texts = [
        (_share(note["x"], x_range), _share(note["y"], y_range) + (0.02 if note["yanchor"] == "bottom" else -0.02), 64.0)
        for note in annotations
    ]
    sides = positions(spots, {name: style.width(name) for name in points}, height - top - bottom, texts)
    x_places, y_places = (decimals(point[axis] for point in points.values()) for axis in (0, 1))
    for name, (click, conversion) in points.items():
        colour = style.colour(name)[0]
        data.append(
            {
                "type": "scatter",
                "name": style.label(name),
                "x": [click.mean],
                "y": [conversion.mean],
                "error_x": _error(click, colour),
                "error_y": _error(conversion, colour),
                "mode": "markers+text",
                "marker": {"color": colour, "size": 11, "symbol": style.symbol(name)},
                "text": [style.label(name)],
                "textposition": sides[name],
                "textfont": {"color": colour},
                "cliponaxis": False,
                "hovertemplate": f"<b>{escape(name)}</b><br>clicks {number(click.mean, x_places)}, {interval(click, x_places)}"
                f"<br>conversions {number(conversion.mean, y_places)}, {interval(conversion, y_places)}<extra></extra>",
            }
        )
    layout = _layout(height, top, bottom) | {
        "annotations": annotations,
        "hovermode": "closest",
        "xaxis": _axis("clicks per slate", range=x_range, showgrid=False, nticks=9),
        "yaxis": _axis("conversions per slate", range=y_range, showgrid=False, nticks=7),
    }
    return {"id": "clicks-against-conversions", "data": data, "layout": layout}


def lead(findings: Findings, style: Style) -> Plot | None:
    """What the first agent earns above each other, with intervals (a forest plot). None where there is nobody to compare with."""
    first, *rest = findings.ranked
    gaps = {name: gap for name in rest if (gap := findings.difference(first, name))}
    if not gaps:
        return None
    places = decimals(Estimate(gap.value, gap.low, gap.high) for gap in gaps.values())
    rows = list(gaps)[::-1]  # the nearest stands on top
    data: list[Plot] = []
    for row, name in enumerate(rows):
        gap, colour = gaps[name], style.colour(name)[0]
        data.append(
            {
                "type": "scatter",
                "name": style.label(name),
                "x": [gap.value],
                "y": [row],
                "error_x": _error(Estimate(gap.value, gap.low, gap.high), colour),
                "mode": "markers",
                "marker": {
                    "size": 11,
                    "symbol": style.symbol(name) + ("-open" if gap.told_apart is False else ""),
                    "color": colour,
                    "line": {"width": 2, "color": colour},
                },
                "cliponaxis": False,
                "hovertemplate": f"<b>{escape(first)} above {escape(name)}</b><br>{number(gap.value, places, True)} a slate, "
                f"{interval(gap, places)}<extra></extra>",
            }
        )
    ends = [0.0, *(end for gap in gaps.values() for end in gap[:3] if end is not None)]
    height, top, bottom = 60 + 34 * len(rows), 8, 48
    layout = _layout(height, top, bottom) | {
        "hovermode": "closest",
        "xaxis": _axis(
            "difference in value per slate",
            range=_padded(ends, 0.06),
            nticks=7,
            zeroline=True,
        )
        | {"zerolinecolor": INK["ink"][0], "zerolinewidth": 1},
        "yaxis": _axis("", range=[-0.6, len(rows) - 0.4], showgrid=False, tickvals=list(range(len(rows))))
        | {"ticktext": [style.label(name) for name in rows]},
    }
    return {"id": "lead", "data": data, "layout": layout}


def _last(values: Sequence[float | None]) -> float:
    """The last value that is known."""
    return next((value for value in reversed(values) if value is not None), 0.0)


def _bounded(line: Line) -> bool:
    """Whether a line has an interval at each point."""
    return all(len(line.get(part) or []) == len(line["slates"]) and None not in line[part] for part in ("low", "high"))


def _foggy(lines: Sequence[Line]) -> bool:
    """Whether bands would hide what there is to see: with two or three seeds they can be wider than the lines are apart."""
    means = [value for line in lines for value in line["mean"] if value is not None]
    widths = sorted(high - low for line in lines if _bounded(line) for low, high in zip(line["low"], line["high"], strict=True))
    return bool(widths) and widths[len(widths) // 2] > 0.6 * (max(means) - min(means))


def _end(line: Line) -> Estimate:
    """The end of a line, with its interval."""
    return Estimate(_last(line["mean"]), *((line["low"][-1], line["high"][-1]) if _bounded(line) else ()))


def _band(line: Line, colour: str, opacity: float) -> Plot:
    """The intervals of a line as an area."""
    return {
        "type": "scatter",
        "x": [*line["slates"], *line["slates"][::-1]],
        "y": [*line["high"], *line["low"][::-1]],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": opacity,
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
    }


def _intervals(line: Line, places: int) -> list[str]:
    """The intervals as they stand behind the numbers of a line."""
    if not _bounded(line):
        return [""] * len(line["slates"])
    ends = zip(line["low"], line["high"], strict=True)
    return [f"  ({number(low, places)} to {number(high, places)})" for low, high in ends]


def _padded(values: Iterable[float], share: float) -> list[float]:
    """An axis range with some air around the values."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    air = share * (high - low) or 0.05 * abs(high) or 1.0
    # What cannot be negative does not look as if it could.
    return [max(low - air, -0.02 * (high - low)) if low >= 0 else low - air, high + air]


def _span(estimate: Estimate, ends: Sequence[float]) -> Span:
    """Where an estimate stands on an axis: low, mean and high."""
    mean = estimate.mean or 0.0
    low, high = estimate.interval or (mean, mean)
    return _share(low, ends), _share(mean, ends), _share(high, ends)


def _share(value: float, ends: Sequence[float]) -> float:
    """Where a value stands on an axis, as a share of its length."""
    return (value - ends[0]) / (ends[1] - ends[0])


def _lines_of_equal_value(
    weights: tuple[float, float], x_range: Sequence[float], y_range: Sequence[float]
) -> list[tuple[tuple[float, float], tuple[float, float], str]]:
    """The two ends, upper first, of some six lines of round values in the frame, and their labels."""
    click, conversion = weights
    corners = [click * x + conversion * y for x in x_range for y in y_range]
    rough = (max(corners) - min(corners)) / 9
    if rough <= 0 or conversion == 0:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    places = max(0, -math.floor(math.log10(step)))
    lines = []
    for count in range(math.ceil(min(corners) / step), math.floor(max(corners) / step) + 1):
        value = count * step
        ends = [(x, (value - click * x) / conversion) for x in x_range]
        if click:
            ends += [((value - conversion * y) / click, y) for y in y_range]
        inside = {
            (x, y)
            for x, y in ends
            if x_range[0] - 1e-12 <= x <= x_range[1] + 1e-12 and y_range[0] - 1e-12 <= y <= y_range[1] + 1e-12
        }
        if len(inside) >= 2:
            upper, lower = max(inside, key=lambda end: (end[1], end[0])), min(inside, key=lambda end: (end[1], end[0]))
            lines.append((upper, lower, f"value {number(value, places)}"))
    return lines


def _error(estimate: Estimate, colour: str) -> Plot:
    """An interval as plotly's error bar."""
    if estimate.mean is None or estimate.low is None or estimate.high is None:
        return {"visible": False}
    return {
        "type": "data",
        "symmetric": False,
        "array": [estimate.high - estimate.mean],
        "arrayminus": [estimate.mean - estimate.low],
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def _axis(title: str, **options: Any) -> Plot:
    """An axis in the page's ink."""
    return {
        "title": {"text": title, "font": {"color": INK["muted"][0], "size": 12}, "standoff": 8},
        "gridcolor": INK["line"][0],
        "linecolor": INK["line"][0],
        "tickfont": {"color": INK["muted"][0], "size": 12},
        "zeroline": False,
        "automargin": True,
    } | options


def _layout(height: int, top: int, bottom: int) -> Plot:
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
