"""The page of `slategym evaluate`: policies evaluated on a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from slategym.bench.format import listed, number, weighted_sum
from slategym.bench.reports.off_policy.values import decimals_of, plain, values_plot
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, section, table
from slategym.bench.reports.style import ink_sheet
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

READING = """
Estimates, with 95 % intervals, of how much each policy would have earned per slate instead of the logging policy. The estimators
use only the second part of the log. <b>Effective sample size</b> is the number of unweighted slates that carry as much
information as the weighted ones.
"""
TRUTH = """
The <b>truth</b> is exact: the run that made the log is simulated again, and the world gives the expected value of the policy's
slates for the same shoppers. For policies that choose at random, it is a mean over their slates.
"""
PREFERRED = ("dr", "cascade-dr", "sndr", "snipw", "rips", "ipw", "sips")  # whose intervals hold, the most reliable first
MODEL_ALONE = ("dm", "switch-dr")  # they rely on the reward model, switch-dr only where weights are large
BOTH = "The estimate of each objective by each estimator."


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of an evaluation.

    Args:
        result: content of evaluation.json, with at least one policy.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no policy.
    """
    if not result.get("policies"):
        raise ValueError("the result contains no policy: expected at least one that was evaluated")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, log, frame = result["config"], result["log"], Frame()
    goal = config["scalarizer"] or weighted_sum(config["weights"], result["objectives"])
    rows = []
    for name, policy in result["policies"].items():
        values = {estimator: value["utility"] for estimator, value in policy["values"].items()}
        rows.append((name, {**values, **({"truth": policy["truth"]["utility"]} if policy["truth"] else {})}))
    known = any(policy["truth"] for policy in result["policies"].values())
    return frame.page(
        title=f"{config['log']}: policies evaluated",
        eyebrow="slategym evaluate",
        headline=headline(result),
        summary_sentences=sentences(result),
        setting=(
            f"Policies learned from {log['train']:,} slates and were evaluated on {log['test']:,} later slates, each of "
            f"{log['ranks']} out of {log['items']:,} items. The value is {goal} per slate."
        ),
        sections=[
            section(
                "Values",
                Markup(READING + (TRUTH if known else "")),
                frame.figure(values_plot("values", rows, goal)) + _all(result),
            ),
            section("Objectives", BOTH, _objectives(result)),
        ],
        configuration=entries(plain(config)),
        palette=ink_sheet(),
        sheets=("report.css", "audit.css"),
    )


def headline(result: Mapping[str, Any]) -> str:
    """The finding in a sentence without a full stop: the best policy, and whether it earns more than the logging policy."""
    estimator, values = _preferred(result)
    known = {name: value for name, value in values.items() if value.mean is not None}
    if not known:
        return "No policy can be evaluated on this log"
    best = max(known, key=lambda name: known[name].mean or 0.0)
    low, logger = known[best].low, Estimate.from_json(result["log"]["earned"]["utility"])
    said = f"{best} has the highest estimate by {estimator}, {known[best].mean:.4g} per slate"
    if low is None or logger.mean is None:
        return said
    more = low > (logger.high or logger.mean)
    return f"{said}, {'' if more else 'not '}significantly more than the logging policy"


def sentences(result: Mapping[str, Any]) -> list[str]:
    """Sentences on the value of the logging policy, on the errors of the estimators, and warnings for each policy."""
    said = []
    earned = result["log"]["earned"]["utility"]
    if earned is not None:
        said.append(f"The logging policy earned {earned['mean']:.4g} per slate in the second part.")
    errors = _errors(result)
    if errors:
        sizes = {name: float(np.sqrt(np.mean(np.square(each)))) for name, each in errors.items()}
        best, worst = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
        said.append(
            f"Compared with the truth, {best} has the smallest root mean square error over the policies, {sizes[best]:.3g}"
            + (f", and {worst} the largest, {sizes[worst]:.3g}." if worst != best else ".")
        )
    biased = [name for name in result["config"]["estimators"] if name.partition(":")[0] in MODEL_ALONE]
    if biased:
        said.append(f"The intervals of {listed(biased)} do not include the bias of the reward model.")
    said += result["notes"]
    for name, policy in result["policies"].items():
        said += [f"{name}: {warning}" for warning in policy["warnings"]]
    return said


def _preferred(result: Mapping[str, Any]) -> tuple[str, dict[str, Estimate]]:
    """The estimator that policies are ranked by, and its values: the first of `PREFERRED` that was used, or the last one."""
    policies = {name: policy["values"] for name, policy in result["policies"].items() if policy["values"]}
    if not policies:
        return "", {}
    known = list(next(iter(policies.values())))
    estimator = next((name for name in PREFERRED if name in known), known[-1])
    return estimator, {name: Estimate.from_json(values[estimator]["utility"]) for name, values in policies.items()}


def _errors(result: Mapping[str, Any]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for policy in result["policies"].values():
        truth = policy["truth"]["utility"]["mean"] if policy["truth"] else None
        for name, value in policy["values"].items():
            if truth is not None and value["utility"] and value["utility"]["mean"] is not None:
                found.setdefault(name, []).append(value["utility"]["mean"] - truth)
    return found


def _cell(value: Mapping[str, float | None] | None) -> Cell:
    estimate = Estimate.from_json(value)
    return estimate_cell(estimate, decimals_of(estimate))


def _all(result: Mapping[str, Any]) -> str:
    rows = []
    for name, policy in result["policies"].items():
        truth = _cell(policy["truth"]["utility"]) if policy["truth"] else Cell("–")
        for estimator, value in policy["values"].items():
            chosen = ", ".join(f"{option}={limit}" for option, limit in value["chosen"].items())
            rows.append([name, estimator, _cell(value["utility"]), number(value["effective_size"], 0), chosen or "–", truth])
    heads = ["policy", "estimator", "value", "effective sample size", "chosen options", "truth"]
    return table(heads, rows, id="values-table") if rows else ""


def _objectives(result: Mapping[str, Any]) -> str:
    rows = []
    for name, policy in result["policies"].items():
        rows += [[name, estimator, *map(_cell, value["objectives"])] for estimator, value in policy["values"].items()]
        if policy["truth"]:
            rows.append([name, "truth", *map(_cell, policy["truth"]["objectives"])])
    return table(["policy", "estimator", *result["objectives"]], rows, id="objectives") if rows else ""
