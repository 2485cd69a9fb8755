"""Values of policies with their intervals, as text and as a plot, for the pages of replays and evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from slategym.bench.format import number
from slategym.bench.reports.style import INK, PALETTE, Plot, error_bars, forest_layout, plot_text
from slategym.bench.statistics import Estimate

Row = tuple[str, Mapping[str, Mapping[str, float | None] | None]]  # a policy, and its values by estimator


def value_text(estimate: Mapping[str, float | None] | None) -> str:
    """A value with the ends of its interval, or a dash without a value.

    Args:
        estimate: an estimate from a results file.
    """
    found = Estimate.from_json(estimate)
    if found.mean is None:
        return "–"
    places = decimals_of(found)
    if not found.interval:
        return number(found.mean, places)
    return f"{number(found.mean, places)}\n{number(found.low, places)} to {number(found.high, places)}"


def decimals_of(estimate: Estimate) -> int:
    """The number of decimals that shows two digits of the interval: at least two, at most six; four without an interval.

    Args:
        estimate: with or without an interval.
    """
    from math import floor, log10

    half = 0.0 if not estimate.interval else (estimate.interval[1] - estimate.interval[0]) / 2
    return 4 if half <= 0 else min(max(1 - floor(log10(half)), 2), 6)


def values_plot(name: str, rows: Sequence[Row], title: str) -> Plot:
    """A forest plot with a row for each policy and a colour for each estimator.

    Args:
        name: id of the plot.
        rows: the policies, from top to bottom.
        title: title of the horizontal axis.
    """
    kinds = list(dict.fromkeys(kind for _, values in rows for kind in values))
    labels = [plot_text(policy) for policy, _ in reversed(rows)]
    traces, ends = [], []
    for place, kind in enumerate(kinds):
        known = [(len(rows) - 1 - at, values.get(kind)) for at, (_, values) in enumerate(rows)]
        estimates = [(row, Estimate.from_json(value)) for row, value in known if value and value.get("mean") is not None]
        truth = kind == "truth"
        colour = INK["ink"][0] if truth else PALETTE[place % len(PALETTE)][0]
        shift = 0.0 if truth or len(kinds) == 1 else 0.5 * (place / max(len(kinds) - 1, 1) - 0.5)
        ends += [end for _, estimate in estimates for end in estimate.known]
        traces.append(
            go.Scatter(
                name=plot_text(kind),
                x=[estimate.mean for _, estimate in estimates],
                y=[row - shift for row, _ in estimates],
                error_x=error_bars([estimate for _, estimate in estimates], colour),
                mode="markers",
                marker={"size": 9, "color": colour, "symbol": "diamond" if truth else "circle"},
                hovertemplate=f"<b>{plot_text(kind)}</b><br>%{{x:.4g}}<extra></extra>",
            )
        )
    layout = forest_layout(labels, ends, title, 90 + 52 * len(rows), 7)
    layout.update(showlegend=len(kinds) > 1, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, margin={"t": 40})
    return Plot(name, traces, layout)


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a configuration that are not empty.

    Args:
        config: configuration of a run.
    """
    return {name: value for name, value in config.items() if value not in (None, "", [])}
