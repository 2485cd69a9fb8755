"""Plots of a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from slategym.bench.format import interval, number
from slategym.bench.reports.prediction.summary import METRICS
from slategym.bench.reports.style import INK, Plot, Style, axis, error_bars, forest_layout, layout, padded, plot_text
from slategym.bench.statistics import Estimate

TARGETS = {"click": "click", "conversion": "conversion of a click", "both": "click that converts"}
KINDS = {"missing": "missing values", "outliers": "outliers", "labels": "flipped labels"}
Models = Mapping[str, Mapping[str, Any]]


def against_value(result: Mapping[str, Any], style: Style, key: str, title: str, read: Any) -> Plot:
    """Plot the value of models as agents against a metric of their predictions.

    Args:
        result: content of prediction.json.
        style: look of the models.
        key: the plot's id is "value-by-" and this key.
        title: name of the metric.
        read: returns the metric from the results of a model.
    """
    metric, traces, ends, scores = result["ranked_by"], [], [], []
    for name, model in result["models"].items():
        score, value = read(model), Estimate.from_json(model["earnings"].get(metric))
        if score is None or value.mean is None:
            continue
        ends += value.known
        scores.append(score)
        colour = style.colour(name)[0]
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=[score],
                y=[value.mean],
                error_y=error_bars([value], colour),
                mode="markers",
                marker={"color": colour, "size": 12, "symbol": style.symbol(name)},
                hovertemplate=f"<b>{plot_text(name)}</b><br>{plot_text(title)} {number(score, 4)}"
                f"<br>{METRICS[metric]} {number(value.mean, 4)}, {interval(value, 4)}<extra></extra>",
            )
        )
    look = layout(
        360, 10, 50, xaxis=axis(title, range=padded(scores, 0.12)), yaxis=axis(METRICS[metric], range=padded(ends, 0.12))
    )
    return Plot(f"value-by-{key}", traces, look)


def roc(models: Models, style: Style, target: str) -> Plot:
    """Plot the ROC curves of a target on the test part."""
    traces = [_diagonal(1.0)]
    for name, model in models.items():
        curve = model["test"][target]["roc"]
        if curve:
            traces.append(_line(style, name, curve["false"], curve["true"], "true positives %{y:.2f}, false positives %{x:.2f}"))
    title = f"false positive rate, {TARGETS[target]}"
    return Plot(f"roc-{target}", traces, _square(title, f"true positive rate, {TARGETS[target]}", 1.0))


def reliability(models: Models, style: Style, target: str, source: str) -> Plot:
    """Plot observed rates against predicted probabilities.

    Args:
        models: results of the models, by name.
        style: look of the models.
        target: "click", "conversion" or "both".
        source: "test", the last part of the log, or "exact", random slates with exact probabilities.
    """
    curves = {name: model[source][target]["reliability"] for name, model in models.items()}
    known = {name: curve for name, curve in curves.items() if curve}
    most = max((value for curve in known.values() for value in (*curve["predicted"], *curve["happened"])), default=1.0)
    traces = [_diagonal(most)]
    for name, curve in known.items():
        counts = [f"{count:,.0f} impressions" for count in curve["count"]]
        line = _line(style, name, curve["predicted"], curve["happened"], "predicted %{x:.4f}, observed %{y:.4f}<br>%{text}")
        line.update(text=counts, mode="lines+markers", marker={"size": 6, "color": style.colour(name)[0]})
        traces.append(line)
    where = "in the log" if source == "test" else "exact"
    title = f"predicted, {TARGETS[target]}"
    return Plot(f"reliability-{source}-{target}", traces, _square(title, f"rate, {where}", most))


def forest(rows: Mapping[str, Estimate], style: Style, key: str, title: str, places: int) -> Plot:
    """Plot estimates of models, with the first model at the top.

    Args:
        rows: the estimates, by model.
        style: look of the models.
        key: id of the plot.
        title: title of the horizontal axis.
        places: number of decimals.
    """
    names = list(rows)[::-1]
    traces, ends = [], []
    for place, name in enumerate(names):
        estimate, colour = rows[name], style.colour(name)[0]
        ends += estimate.known
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=[estimate.mean],
                y=[place],
                error_x=error_bars([estimate], colour),
                mode="markers",
                marker={"color": colour, "size": 11, "symbol": style.symbol(name)},
                hovertemplate=f"<b>{plot_text(name)}</b><br>{number(estimate.mean, places)}"
                f"{', ' + interval(estimate, places) if estimate.interval else ''}<extra></extra>",
            )
        )
    look = forest_layout([style.label(name) for name in names], ends, title, 60 + 34 * len(names), 7)
    return Plot(key, traces, look)


def corruption(models: Models, style: Style, kind: str, target: str) -> Plot:
    """Plot the exact error of a target against the share of corrupted values."""
    traces, values, shares = [], [0.0], [0.0]
    for name, model in models.items():
        points = [{"level": 0.0, target: model["exact"][target]["rmse"]}, *model["corruption"].get(kind, [])]
        values += [point[target] for point in points]
        shares += [point["level"] for point in points]
        x, y = ([point[key] for point in points] for key in ("level", target))
        line = _line(style, name, x, y, "%{x:.0%} corrupted: error %{y:.4f}")
        line.update(mode="lines+markers", marker={"size": 7, "color": style.colour(name)[0], "symbol": style.symbol(name)})
        traces.append(line)
    look = layout(
        320,
        10,
        50,
        xaxis=axis(f"share of {KINDS[kind]}", tickformat=".0%", range=padded(shares, 0.04)),
        yaxis=axis(f"exact error (RMSE), {TARGETS[target]}", range=padded(values, 0.08)),
    )
    return Plot(f"corruption-{kind}-{target}", traces, look)


def epochs(models: Models, style: Style) -> Plot | None:
    """Plot the validation loss after each epoch, with a star at the epoch whose weights are used; None without predictors."""
    traces, values = [], []
    for name, model in models.items():
        if not model["fit"]:
            continue
        losses, best = model["fit"]["validation"], model["fit"]["best"]
        values += losses
        traces.append(_line(style, name, list(range(1, len(losses) + 1)), losses, "epoch %{x}: loss %{y:.5f}"))
        star = {"size": 13, "color": style.colour(name)[0], "symbol": "star"}
        traces.append(go.Scatter(x=[best], y=[losses[best - 1]], mode="markers", marker=star, hoverinfo="skip"))
    if not traces:
        return None
    look = layout(
        360, 10, 50, xaxis=axis("epoch", dtick=None), yaxis=axis("validation loss per impression", range=padded(values, 0.06))
    )
    return Plot("epochs", traces, look)


def _line(style: Style, name: str, x: Sequence[float], y: Sequence[float], told: str) -> go.Scatter:
    return go.Scatter(
        name=style.label(name),
        x=list(x),
        y=list(y),
        mode="lines",
        line={"color": style.colour(name)[0], "width": 2, "dash": style.dash(name)},
        hovertemplate=f"<b>{plot_text(name)}</b><br>{told}<extra></extra>",
    )


def _diagonal(most: float) -> go.Scatter:
    line = {"color": INK["baseline"][0], "width": 1, "dash": "dot"}
    return go.Scatter(x=[0, most], y=[0, most], mode="lines", line=line, hoverinfo="skip")


def _square(across: str, up: str, most: float) -> go.Layout:
    ends = [-0.02 * most, 1.05 * most]
    return layout(360, 10, 50, xaxis=axis(across, range=ends), yaxis=axis(up, range=ends))
