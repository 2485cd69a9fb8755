"""The page of `slategym replay`: agents replayed on a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.format import number, weighted_sum
from slategym.bench.reports.off_policy.values import decimals_of, plain, values_plot
from slategym.bench.reports.off_policy.values import value_text as value_text
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, section, table
from slategym.bench.reports.style import PALETTE, Plot, axis, ink_sheet, layout, plot_text
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

REJECTION = """
An agent chooses a slate for each logged shopper, and learns only from those slates where its choice is the logged slate. The mean
reward of these slates is its value, as if it had been online for so many slates. This is correct if the logged slates were drawn
with known probabilities; matches with probable slates are then accepted less often, to correct for it.
"""
OFF_POLICY = """
An agent learns from the whole log. Each of its policies on the way is evaluated on slates that it has not learned from yet,
weighted by the ratio of its own probability to the logged propensity (<b>snipw</b> and <b>rips</b>: see
<code>slategym estimators</code>).
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a replay.

    Args:
        result: content of replay.json, with at least one agent.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no agent.
    """
    if not result.get("agents"):
        raise ValueError("the result contains no agent: expected at least one that was replayed")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, log, frame = result["config"], result["log"], Frame()
    agents = result["agents"]
    value = weighted_sum(config["weights"], result["objectives"])
    rows = []
    for name, found in agents.items():
        weighted = off_policy_of(found)
        values = {"rejection": found["accepted"]["utility"], **({"off-policy": weighted["utility"]} if weighted else {})}
        rows.append((name, values))
    return frame.page(
        title=f"{config['log']}: agents replayed",
        eyebrow="slategym replay",
        headline=headline(result),
        summary_sentences=sentences(result),
        setting=(
            f"{log['slates']:,} logged slates, each of {log['ranks']} out of {log['items']:,} items. "
            f"The value is {value} per slate."
        ),
        sections=[
            section(
                "Values", "The value per slate of each agent.", frame.figure(values_plot("values", rows, value)) + _both(result)
            ),
            section("By rejection", Markup(REJECTION), frame.figure(_curves(result)) + _accepted(result)),
            section("Off-policy, while agents learn", Markup(OFF_POLICY), _weighted(result)),
        ],
        configuration=entries(plain(config)),
        palette=ink_sheet(),
        sheets=("report.css", "audit.css"),
    )


def off_policy_of(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first off-policy value of an agent, by the self-normalised or the reward-interaction estimator; None without any.

    Args:
        found: the agent's results.
    """
    values = found["off_policy"]["values"]
    return next(iter(values.values()), None)


def headline(result: Mapping[str, Any]) -> str:
    """The finding in a sentence without a full stop."""
    known = {name: found["accepted"]["utility"]["mean"] for name, found in result["agents"].items()}
    known = {name: value for name, value in known.items() if value is not None}
    if not known:
        return "No agent chose any of the logged slates"
    best = max(known, key=lambda name: known[name])
    if len(known) == 1:
        return f"{best} earns {known[best]:.4g} per slate by rejection"
    estimate = Estimate.from_json(result["agents"][best]["accepted"]["utility"])
    lows = [Estimate.from_json(result["agents"][name]["accepted"]["utility"]) for name in known if name != best]
    apart = estimate.low is not None and all(other.high is not None and other.high < estimate.low for other in lows)
    return f"{best} earns most by rejection, {known[best]:.4g} per slate" if apart else "No significant winner by rejection"


def sentences(result: Mapping[str, Any]) -> list[str]:
    """Sentences on the propensities of the log, and warnings for each agent."""
    log = result["log"]
    kind = "equal" if log["uniform"] else "different"
    known = f"The slates of the log were drawn with {kind} probabilities."
    said = [known if log["propensities"] else "The log contains no propensities."]
    said += log["notes"]
    for name, found in result["agents"].items():
        said += [f"{name}: {warning}" for part in ("accepted", "off_policy") for warning in found[part]["warnings"]]
        if found["off_policy"]["propensities"] == "estimated" and found["off_policy"]["values"]:
            said.append(f"{name}: its propensities are estimated from draws.")
    return said


def _cell(value: Mapping[str, float | None] | None) -> Cell:
    estimate = Estimate.from_json(value)
    return estimate_cell(estimate, decimals_of(estimate))


def _both(result: Mapping[str, Any]) -> str:
    rows = []
    for name, found in result["agents"].items():
        weighted = off_policy_of(found)
        rows.append([name, _cell(found["accepted"]["utility"]), _cell(weighted["utility"] if weighted else None)])
    return table(["agent", "value by rejection", "off-policy estimate"], rows, id="values-table")


def _accepted(result: Mapping[str, Any]) -> str:
    rows = []
    for name, found in result["agents"].items():
        accepted = found["accepted"]
        rows.append([name, f"{accepted['slates']:,}", f"{accepted['matched']:,}", *map(_cell, accepted["objectives"])])
    return table(["agent", "accepted slates", "matched slates", *result["objectives"]], rows, id="accepted")


def _weighted(result: Mapping[str, Any]) -> str:
    rows = []
    for name, found in result["agents"].items():
        for estimator, value in found["off_policy"]["values"].items():
            size = number(value["effective_size"], 0)
            rows.append([name, estimator, _cell(value["utility"]), *map(_cell, value["objectives"]), size])
    heads = ["agent", "estimator", "value", *result["objectives"], "effective sample size"]
    return table(heads, rows, id="off-policy") if rows else ""


def _curves(result: Mapping[str, Any]) -> Plot:
    traces = []
    for place, (name, found) in enumerate(result["agents"].items()):
        accepted = found["accepted"]
        parts = len(accepted["curve"])
        x = [accepted["slates"] * (number + 0.5) / parts for number in range(parts)]
        colour = PALETTE[place % len(PALETTE)][0]
        shown = plot_text(name)
        hover = f"<b>{shown}</b><br>%{{y:.4g}} after %{{x:,.0f}} slates<extra></extra>"
        traces.append(
            go.Scatter(name=shown, x=x, y=accepted["curve"], mode="lines+markers", line={"color": colour}, hovertemplate=hover)
        )
    drawn = layout(320, 40, 48, xaxis=axis("accepted slates"), yaxis=axis("value per slate"))
    drawn.update(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return Plot("curves", traces, drawn)
