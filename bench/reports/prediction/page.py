"""The page of a prediction: one self-contained file of HTML that works offline."""

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
The best of each column is bold. <b>AUC</b> and <b>ECE</b> (expected calibration error) are of the last part of the log;
<b>exact error</b> is the root mean squared difference from the exact probabilities of random slates for shoppers that are not
in the log. Below each number is its 95 % interval: of AUC and error over shoppers, of what models earn over seeds. Intervals are
of each model by itself; two models that are judged on the same shoppers can differ although their intervals overlap.
"""
ALONE = """
The best of each column is bold. All numbers are of the last part of the log: <b>AUC</b>, <b>ECE</b> (expected calibration error)
and log-loss, with 95 % intervals over slates. A log cannot tell how far models are from the true probabilities, nor what they
would earn.
"""
AGREE = """
A model that orders impressions of a log well need not be the one that chooses well. If the order by a score were the order by
what models earn, the points would lie on a line.
"""
ROC = """
Of the last part of the log: how much of what happened is found among the impressions that are predicted highest. Conversions of
clicks are judged over what was clicked, which is all that a log tells of them.
"""
CALIBRATION = """
A point is a tenth of the impressions. On the dotted line, what was predicted happens as often. For conversions of clicks the
curve is exact and over <b>all</b> impressions, clicked or not; the others are of the last part of the log.
"""
CALIBRATION_ALONE = """
A point is a tenth of the impressions of the last part of the log, or of its clicks. On the dotted line, what was predicted
happens as often.
"""
EXACT = """
Over all impressions of random slates. <b>Bias</b> is the mean of predicted minus exact; <b>rank</b> is Spearman's correlation
with the exact probability. AUC and log-loss are their expectations under the exact probabilities, so that chance plays no part.
"""
SELECTION = """
What a model errs by in conversions over all impressions, less what it errs by where shoppers click. It is 0 for a model that
errs alike on both, above 0 for one that expects too much of what is not clicked, and below 0 for one that expects too little.
"""
PROFILE = """
How much of shoppers' true traits, which nobody observes, is told by the model's estimates for all items: R2 of a ridge
regression, on shoppers that it was not learned from. <b>Observation</b> is the same from what is observed of shoppers. Segments
are classes.
"""
EARNINGS = """
Each model goes on as an agent after its training: it chooses slates, explores as it is made to, and goes on learning. All
models meet the same shoppers. Differences to the first are paired over seeds; together they hold with 95 %.
"""
COSTS = """
Measured on the machine of this run, which makes these the only numbers that differ from run to run. The file holds what the
model goes on learning from, such as its last slates. A decision is timed for many shoppers at once, and told for one.
"""
CORRUPTION = """
What the exact error becomes when a share of the values in the training part is wrong, while the parts that judge are clean:
values of the context replaced by their mean, moved ten times as far from it, or answers turned around.
"""
EPOCHS = """
The negative log-likelihood of clicks, and of conversions of clicks, per impression of the validation part. A star marks the
epoch whose weights are kept.
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a prediction; the costs are read from costs.json beside it, if it is there.

    Args:
        result: as prediction.json has it, with at least one model.
        path: the HTML file to write.

    Raises:
        ValueError: the result holds no model.
    """
    if not result.get("models"):
        raise ValueError("the result holds no model: expected one at least that was trained and judged")
    beside = Path(path).with_name("costs.json")
    costs = json.loads(beside.read_text("utf-8"))["models"] if beside.is_file() else result.get("costs", {})
    write_text(Path(path), page(result, costs))


def page(result: Mapping[str, Any], costs: Mapping[str, Mapping[str, float]]) -> str:
    """Render the page as text.

    Args:
        result: as prediction.json has it.
        costs: of each model, as costs.json has them.
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
        f"{len(models)} models; a log of {config['world']} by {config['logged_by']}: {sizes['train']:,} slates to learn from, "
        f"{sizes['validation']:,} to stop by, {sizes['test']:,} to judge by, in the order of time{further}."
    )
    pages = [
        section("Summary", Markup(SUMMARY if true else ALONE), _summary(result)),
        section("Prediction and earnings", AGREE, legend + _agreement(result, style, frame)) if true and len(models) > 1 else "",
        section("Earnings", EARNINGS, _earnings(result, style, frame)) if true else "",
        section("Error against exact probabilities", Markup(EXACT), _exact(result)) if true else "",
        section("Order of impressions", ROC, legend + _rocs(models, style, frame)),
        section("Calibration", calibration, legend + _calibration(models, style, frame, true)),
        section("Selection bias of conversions", SELECTION, _selection(models, style, frame)) if true else "",
        section("Profile of the shopper", Markup(PROFILE), _profile(result)) if true else "",
        section("Corruption", CORRUPTION, legend + _corruption(result, style, frame)) if config["corruption"] else "",
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
        "AUC, converts": ("test", "both", "auc", 3),
        "ECE, click": ("test", "click", "ece", 4),
    }
    if true := knows_truth(result):
        columns |= {
            "exact error, click": ("exact", "click", "rmse", 4),
            "conversion": ("exact", "conversion", "rmse", 4),
            "converts": ("exact", "both", "rmse", 4),
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
    """A metric, with the ends of its interval below it where it has one."""
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
    heads = ["model", *(METRICS[key] for key in told), "of the oracle", f"difference to {order[0]}"]
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
        heads = [title, "RMSE", "bias", "rank", "AUC", "log-loss", "ECE"]
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
    return figure + table(["model", "all impressions", "where clicked", "selection bias"], rows, id="selection-table")


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
    return table(["model", "training, seconds", "decision, microseconds", "file, bytes", "parameters"], rows, id="costs")
