"""The page of `slategym experiment`: the plan of an online test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.experiments.arms import DESIGNS
from slategym.bench.format import number, percent
from slategym.bench.reports.page import Cell, Frame, entries, section, table
from slategym.bench.reports.style import INK, PALETTE, Plot, error_bars, forest_layout, ink_sheet, plot_text
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

NEEDED = """
The number of shoppers in both arms together, and of days until all their visits are over, for a two-sided test of the totals per
shopper at the 5 % level. <b>Power</b> and the rate of <b>false decisions</b> come from a thousand simulated tests of that size.
<b>False decisions by slate</b> are those of a test that wrongly treats the slates of a shopper as independent.
"""
LEARNING = """
The difference between the agents that each design finds in the second half of the runs, relative to {a}. The <b>truth</b> is the
difference between runs in which one agent has all shoppers. An agent that also learns from the other agent's shoppers differs
from the agent that would be deployed, so such a test can give another result. {designs}.
"""
TRUTH = "truth"


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of an experiment.

    Args:
        result: content of experiment.json, with a plan.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no plan.
    """
    if not result.get("plan"):
        raise ValueError("the result contains no plan: expected at least one seed that ran in all designs")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, frame = result["config"], Frame()
    a, b = config["agents"]
    value = result["plan"]["value"]
    detect = f"A difference of {percent(config['detect'])} in value"
    needed = f"{detect} cannot be detected" if value["days"] is None else f"{detect} takes {value['days']:,} days to detect"
    truth = Estimate.from_json(result["truth"]["value"])
    found = f"The true difference: {b} earns {percent(truth.mean)} more per slate than {a}"
    if truth.mean is not None and truth.mean < 0:
        found = f"The true difference: {b} earns {percent(-truth.mean)} less per slate than {a}"
    return frame.page(
        title=f"{config['world']}: a test of {a} and {b}",
        eyebrow=f"slategym experiment · {config['world']}",
        headline=needed,
        summary_sentences=[f"{found}.", *headlines(result), *(result.get("notes") or [])],
        setting=(
            f"A is {a}, B is {b}; {percent(config['share'])} of the shoppers are assigned to B, with {config['per_day']:,} new "
            f"shoppers per day. {len(config['seeds'])} seeds of {config['slates']:,} slates in each design."
        ),
        sections=[
            section("What a test needs", Markup(NEEDED), _needed(result)),
            section(
                "When agents learn",
                Markup(LEARNING).format(
                    a=a, designs=Markup("; ").join(Markup("<b>{}</b>: {}").format(*each) for each in DESIGNS.items())
                ),
                frame.figure(_designs(result, "value")) + _table(result),
            ),
        ],
        configuration=entries({key: each for key, each in config.items() if key != "plurals"}),
        palette=ink_sheet(),
        sheets=("report.css", "audit.css"),
    )


def headlines(result: Mapping[str, Any]) -> list[str]:
    """A sentence for each design whose interval does not contain the true difference.

    Args:
        result: content of experiment.json.
    """
    truth = result["truth"]["value"]["mean"]
    said = []
    for design, meaning in DESIGNS.items():
        estimate = Estimate.from_json(result["designs"][design]["value"])
        if truth is None or estimate.interval is None or estimate.low is None or estimate.high is None:
            continue
        if not estimate.low <= truth <= estimate.high:
            said.append(f"A test by {design} ({meaning}) would find {percent(estimate.mean)} instead.")
    return said


def _needed(result: Mapping[str, Any]) -> str:
    rows = []
    for name, row in result["plan"].items():
        checked = row["checked"] or {}
        rows.append(
            [
                name,
                number(row["mean_a"], 4),
                number(row["mean_b"], 4),
                number(row["variance_a"] ** 0.5, 3),
                Cell("never" if row["shoppers"] is None else f"{row['shoppers']:,}"),
                Cell("never" if row["days"] is None else f"{row['days']:,}"),
                *(percent(checked.get(rate)) for rate in ("power", "false", "false_per_slate")),
            ]
        )
    means = ["mean of A", "mean of B", "standard deviation of A"]
    tests = ["shoppers", "days", "power", "false decisions", "false decisions by slate"]
    return table(["objective, per shopper", *means, *tests], rows, id="needed")


def _table(result: Mapping[str, Any]) -> str:
    names = list(result["plan"])
    rows = [[TRUTH, *(_share(result["truth"][name]) for name in names)]]
    rows += [[design, *(_share(result["designs"][design][name]) for name in names)] for design in DESIGNS]
    return table(["design", *names], rows, id="designs")


def _share(estimate: Mapping[str, float | None]) -> Cell:
    mean, low, high = (estimate[part] for part in ("mean", "low", "high"))
    ends = "" if low is None or high is None else f"{percent(low)} to {percent(high)}"
    return Cell(percent(mean), below=ends)


def _designs(result: Mapping[str, Any], name: str) -> Plot:
    rows = [*reversed(list(DESIGNS)), TRUTH]
    traces, ends = [], []
    for row, design in enumerate(rows):
        estimate = Estimate.from_json((result["truth"] if design == TRUTH else result["designs"][design])[name])
        colour = INK["ink"][0] if design == TRUTH else PALETTE[0][0]
        shown = Estimate(*(None if part is None else 100 * part for part in (estimate.mean, estimate.low, estimate.high)))
        ends += shown.known
        traces.append(
            go.Scatter(
                name=design,
                x=[shown.mean],
                y=[row],
                error_x=error_bars([shown], colour),
                mode="markers",
                marker={"size": 11, "color": colour, "symbol": "diamond" if design == TRUTH else "circle"},
                hovertemplate=f"<b>{plot_text(design)}</b><br>%{{x:.1f}} %<extra></extra>",
            )
        )
    title = "difference in value per slate, % of A"
    return Plot("designs-plot", traces, forest_layout(rows, ends, title, 60 + 40 * len(rows), 7))
