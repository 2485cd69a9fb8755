"""The page of `slategym predict`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from slategym.bench.format import ends, number, percent
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, joined, part, section, table
from slategym.bench.reports.prediction import plots
from slategym.bench.reports.prediction.plots import KINDS, TARGETS
from slategym.bench.reports.prediction.summary import METRICS, findings, headline, knows_truth, order_of
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

SUMMARY = """
The best number of each column is bold. <b>AUC</b> and <b>ECE</b> (expected calibration error) are measured on the test part of
the log. <b>Exact error</b> is the root mean squared difference to the exact probabilities, for random slates shown to shoppers
who are not in the log. The 95 % interval is below each number: over shoppers for AUC and errors, over seeds for values. Each
interval is that of a single model. Two models can differ significantly although their intervals overlap, because they are tested
on the same shoppers.
"""
ALONE = """
The best number of each column is bold. All numbers are measured on the test part of the log: <b>AUC</b>, <b>ECE</b> (expected
calibration error) and log-loss, with 95 % intervals over slates. A log alone does not show how far models are from the true
probabilities, or how much they would earn.
"""
AGREE = """
A model that ranks the impressions of a log well does not always choose slates well. If the order by a metric were the same as the
order by value, the points would lie on a rising or falling line.
"""
ROC = """
On the test part of the log: the share of the positive impressions among those with the highest predictions. Conversions of clicks
are tested only on clicked impressions, because the log contains no others.
"""
CALIBRATION = """
Each point is a tenth of the impressions. On the dotted line, predicted and observed rates are equal. The curve for conversions of
clicks is exact and covers <b>all</b> impressions, clicked or not; the other curves are measured on the test part of the log.
"""
CALIBRATION_ALONE = """
Each point is a tenth of the impressions, or of the clicks, of the test part of the log. On the dotted line, predicted and
observed rates are equal.
"""
EXACT = """
Over all impressions of random slates. <b>Bias</b> is the mean difference between predicted and exact probabilities. <b>Rank
correlation</b> is Spearman's correlation with the exact probability. AUC and log-loss are expectations under the exact
probabilities, without sampling noise.
"""
SELECTION = """
The mean error of a model's conversion probabilities over all impressions, minus its mean error over clicked impressions. It is 0
if both errors are equal, positive if the model overestimates conversions of impressions that are not clicked, and negative if it
underestimates them.
"""
PROFILE = """
How well the true traits of shoppers, which are never observed, can be predicted from the model's estimates for all items: R2 of a
ridge regression, on shoppers that it was not fitted to. <b>Observation</b> is the same regression on the observation itself.
Segments are predicted as classes.
"""
EARNINGS = """
After training, each model continues as an agent: it chooses slates, explores as configured, and continues to learn. All models
get the same shoppers. Differences to the first model are paired over seeds; their intervals hold together with 95 %.
"""
COSTS = """
Measured on the machine of this run; these are the only numbers that differ between runs. The file includes the data from which
the model continues to learn, such as its last slates. Decisions are timed for many shoppers together; the table shows the time
per shopper.
"""
CORRUPTION = """
The exact error when a share of the values in the training part is wrong, while the other parts are clean. <b>Missing values</b>:
context values are replaced by their mean. <b>Outliers</b>: they are moved ten times as far from it. <b>Flipped labels</b>:
clicks, and conversions of clicked items, are inverted.
"""
EPOCHS = """
The negative log-likelihood of clicks, and of conversions of clicks, per impression of the validation part. A star marks the
epoch whose weights are used.
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a prediction. Costs are read from costs.json in the same folder, if it exists.

    Args:
        result: content of prediction.json, with at least one model.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no model.
    """
    if not result.get("models"):
        raise ValueError("the result contains no model: expected at least one that was trained and tested")
    beside = Path(path).with_name("costs.json")
    costs = json.loads(beside.read_text("utf-8"))["models"] if beside.is_file() else result.get("costs", {})
    write_text(Path(path), page(result, costs))


def page(result: Mapping[str, Any], costs: Mapping[str, Mapping[str, float]]) -> str:
    """Render the page as text.

    Args:
        result: content of prediction.json.
        costs: costs of each model, from costs.json.
    """
    config, models, frame = result["config"], result["models"], Frame()
    style = Style(Findings({"agents": {name: {} for name in config["models"] if name in models}, "config": config}))
    legend = part("legend", [part("agent", name, style) for name in models], always=True)
    learned = part("legend", [part("agent", name, style) for name in models if models[name]["fit"]], always=True)
    sizes = config["parts"]
    true = knows_truth(result)
    calibration = Markup(CALIBRATION if true else CALIBRATION_ALONE)
    further = (
        f"; {config['true_slates']:,} random slates with exact probabilities; "
        f"{config['seeds']} runs of {config['earn_slates']:,} slates of each model as an agent"
        if true
        else ""
    )
    setting = (
        f"{len(models)} models; a log of {config['world']} by {config['logged_by']}: {sizes['train']:,} slates for training, "
        f"then {sizes['validation']:,} for validation and {sizes['test']:,} for the test{further}."
    )
    pages = [
        section("Summary", Markup(SUMMARY if true else ALONE), _summary(result)),
        section("Prediction and value", AGREE, legend + _agreement(result, style, frame)) if true and len(models) > 1 else "",
        section("Value as an agent", EARNINGS, _earnings(result, style, frame)) if true else "",
        section("Comparison with exact probabilities", Markup(EXACT), _exact(result)) if true else "",
        section("ROC curves", ROC, legend + _rocs(models, style, frame)),
        section("Calibration", calibration, legend + _calibration(models, style, frame, true)),
        section("Selection bias of conversions", SELECTION, _selection(models, style, frame)) if true else "",
        section("Traits of shoppers", Markup(PROFILE), _profile(result)) if true else "",
        section("Corruption", Markup(CORRUPTION), legend + _corruption(result, style, frame)) if config["corruption"] else "",
        section("Epochs", EPOCHS, learned + frame.figure(curves)) if (curves := plots.epochs(models, style)) else "",
        section("Costs", COSTS, _costs(models, costs)) if costs else "",
    ]
    return frame.page(
        title=f"slategym predict: {headline(result)}",
        eyebrow=f"slategym predict · {config['world']}",
        headline=headline(result),
        summary_sentences=[*findings(result), *result["notes"]],
        setting=setting,
        sections=pages,
        configuration=entries(config),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def _summary(result: Mapping[str, Any]) -> Markup:
    models, metric = result["models"], result["ranked_by"]
    columns: dict[str, tuple[str, str, str, int]] = {
        "AUC, click": ("test", "click", "auc", 3),
        "AUC, click that converts": ("test", "both", "auc", 3),
        "ECE, click": ("test", "click", "ece", 4),
    }
    if true := knows_truth(result):
        columns |= {
            "exact error, click": ("exact", "click", "rmse", 4),
            "exact error, conversion of a click": ("exact", "conversion", "rmse", 4),
            "exact error, click that converts": ("exact", "both", "rmse", 4),
        }
    else:
        columns["log-loss, click"] = ("test", "click", "log_loss", 5)
    values = {
        head: {name: model[source][target][key] for name, model in models.items()}
        for head, (source, target, key, _) in columns.items()
    }
    best = {
        head: (max if columns[head][2] == "auc" else min)((value for value in each.values() if value is not None), default=None)
        for head, each in values.items()
    }
    rows = []
    for place, name in enumerate(order_of(result)):
        cells = []
        for head, (source, target, key, places) in columns.items():
            cell = _measured(models[name][source][target], key, places)
            first = values[head][name] == best[head] and len(models) > 1
            cells.append(cell._replace(text=_marked(cell.text, first).text))
        if not true:
            rows.append([name, *cells])
            continue
        value = Estimate.from_json(models[name]["earnings"].get(metric))
        earned = estimate_cell(value, 4)
        first = place == 0 and len(models) > 1
        rows.append([name, *cells, earned._replace(text=_marked(earned.text, True).text) if first else earned])
    return table(["model", *columns, *([METRICS[metric]] if true else [])], rows, id="summary")


def _measured(found: Mapping[str, Any], key: str, places: int) -> Cell:
    """A metric, with the ends of its interval below it if it has one."""
    return Cell(number(found[key], places), below=ends(Estimate.from_json(found.get(f"{key}_interval")), places))


def _marked(text: Any, best: bool) -> Cell:
    return Cell(Markup("<b>{}</b>").format(escape(text)) if best else text)


def _agreement(result: Mapping[str, Any], style: Style, frame: Frame) -> Markup:
    return frame.halves(
        plots.against_value(result, style, "auc", "AUC of clicks in the log", lambda model: model["test"]["click"]["auc"]),
        plots.against_value(
            result, style, "error", "exact error of clicks that convert", lambda model: model["exact"]["both"]["rmse"]
        ),
    )


def _earnings(result: Mapping[str, Any], style: Style, frame: Frame) -> Markup:
    models, metric = result["models"], result["ranked_by"]
    order = result["orders"]["value"]
    known = {name: Estimate.from_json(models[name]["earnings"].get(metric)) for name in order}
    some = {name: estimate for name, estimate in known.items() if estimate.mean is not None}
    told = [key for key in METRICS if any(key in model["earnings"] for model in models.values())]
    rows = []
    for name in order:
        found = models[name]["earnings"]
        cells = [estimate_cell(Estimate.from_json(found.get(key)), 4) for key in told]
        share = Estimate.from_json(found.get("share_of_oracle"))
        rows.append([name, *cells, percent(share.mean), _behind(result, order[0], name)])
    heads = ["model", *(METRICS[key] for key in told), "% of oracle", f"difference to {order[0]}"]
    figure = plots.forest(some, style, "earnings", METRICS[metric], 4) if some else None
    return frame.figure(figure) + table(heads, rows, id="earnings-table")


def _behind(result: Mapping[str, Any], first: str, name: str) -> Cell:
    for pair in result["pairs"]:
        if {pair["a"], pair["b"]} == {first, name}:
            gap = Estimate.from_json(pair["difference"])
            return estimate_cell(gap if pair["a"] == name else gap.subtracted_from(0.0), 4)
    return Cell("–")


def _exact(result: Mapping[str, Any]) -> Markup:
    tables = []
    for target, title in TARGETS.items():
        rows = []
        for name in result["orders"]["value"]:
            found = result["models"][name]["exact"][target]
            cells = (_measured(found, "rmse", 4), number(found["bias"], 4, signed=True), number(found["rank_correlation"], 3))
            rows.append([name, *cells, _measured(found, "auc", 3), number(found["log_loss"], 5), number(found["ece"], 4)])
        heads = [title, "RMSE", "bias", "rank correlation", "AUC", "log-loss", "ECE"]
        tables.append(table(heads, rows, id=f"exact-{target}"))
    return joined(tables)


def _rocs(models: Mapping[str, Any], style: Style, frame: Frame) -> Markup:
    rows = [
        [
            name,
            *(
                _measured(model["test"][target], key, places)
                for target in TARGETS
                for key, places in (("auc", 3), ("log_loss", 5))
            ),
        ]
        for name, model in models.items()
    ]
    heads = ["model", *(f"{kind}, {title}" for title in TARGETS.values() for kind in ("AUC", "log-loss"))]
    figures = frame.halves(*(plots.roc(models, style, target) for target in ("click", "both")))
    return figures + table(heads, rows, id="test")


def _calibration(models: Mapping[str, Any], style: Style, frame: Frame, true: bool) -> Markup:
    first = frame.halves(*(plots.reliability(models, style, target, "test") for target in ("click", "both")))
    second = frame.figure(plots.reliability(models, style, "conversion", "exact" if true else "test"))
    sources = {"log": "test", **({"exact": "exact"} if true else {})}
    rows = [
        [name, *(number(model[source][target]["ece"], 4) for source in sources.values() for target in TARGETS)]
        for name, model in models.items()
    ]
    heads = ["ECE", *(f"{where}, {title}" for where in sources for title in TARGETS.values())]
    return first + second + table(heads, rows, id="calibration")


def _selection(models: Mapping[str, Any], style: Style, frame: Frame) -> Markup:
    biases = {name: Estimate(model["selection_bias"]["difference"]) for name, model in models.items()}
    rows = [
        [name, *(number(model["selection_bias"][key], 4, signed=True) for key in ("all", "clicked", "difference"))]
        for name, model in models.items()
    ]
    figure = frame.figure(plots.forest(biases, style, "selection", "selection bias of conversions", 4))
    return figure + table(["model", "bias, all impressions", "bias, clicks", "selection bias"], rows, id="selection-table")


def _profile(result: Mapping[str, Any]) -> Markup:
    traits = list(result["observation"])
    sources = {"observation": result["observation"], **{name: model["profile"] for name, model in result["models"].items()}}
    rows = [[name, *(number(found.get(trait), 2) for trait in traits)] for name, found in sources.items()]
    return table(["R2", *(trait.replace("_", " ") for trait in traits)], rows, id="profile")


def _corruption(result: Mapping[str, Any], style: Style, frame: Frame) -> Markup:
    models = result["models"]
    return joined(
        part("titled", KINDS[kind].capitalize(), frame.halves(*(plots.corruption(models, style, kind, each) for each in shown)))
        for kind in result["config"]["corruption"]
        for shown in (("click", "both"),)
    )


def _costs(models: Mapping[str, Any], costs: Mapping[str, Mapping[str, float]]) -> Markup:
    rows = [
        [
            name,
            number(costs[name]["seconds"], 2),
            number(costs[name]["microseconds"], 1),
            f"{costs[name]['bytes']:,}",
            "–" if model["parameters"] is None else f"{model['parameters']:,}",
        ]
        for name, model in models.items()
        if name in costs
    ]
    return table(["model", "training, s", "decision, µs", "file, bytes", "parameters"], rows, id="costs")
