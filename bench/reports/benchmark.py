"""The report of a benchmark: one self-contained HTML page that works offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.comparison.results import by_scalarizer
from slategym.bench.format import listed, weighted_sum
from slategym.bench.reports.benchmark_curves import curve
from slategym.bench.reports.benchmark_plots import clicks_against_conversions, lead, values_by_seed
from slategym.bench.reports.benchmark_tables import (
    beyond_value,
    by_segment,
    configuration,
    differences,
    leaderboard,
    legend,
    reference_policies,
)
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import Frame, joined, part, section
from slategym.bench.reports.style import Plot, Style
from slategym.utils.storage.files import write_text

LEADERBOARD = """
<b>Value</b> is the weighted sum of the objectives, per slate and per <b>episode</b> (a shopper's visits from the first to the
last). The <b>oracle</b> knows each shopper's taste and shows the best slate for each visit. <b>Regret</b> is the difference
between the expected value of the oracle's slates and that of the agent's slates.
"""
CONTEXT = """
<b>% of context</b> is the value as a share of the value of the best slates given the observation. No agent can exceed 100 %,
because agents see only the observation. The best slates come from a large model fitted to the exact probabilities.
"""
BEYOND = """
Other metrics. Personal slates can earn more than the one slate that is best for everybody: <b>personalisation</b> is the share of
this gain that an agent achieves. <b>Slates to 90 %</b> shows how fast it learns, and <b>Gini</b> how unevenly it shows the items.
"""
SEGMENTS = """
The value per slate in each segment of shoppers, whose tastes differ.
"""
REFERENCES = """
Policies that do not learn, run with the same shoppers as the agents; their values are exact expectations.
<b>oracle-episode</b> is the best known policy for whole episodes, but not an upper bound.
"""
LEARNING = """
Each line shows the mean of an agent over the seeds; each point covers the last {span} slates. The band is the 95 % interval.
Overlapping bands do not show that two agents are equal: all agents get the same shoppers, so use the paired differences below.
"""
BALANCE = """
Further right means more {across}, further up more {high}. The crosses are 95 % intervals. All points on a thin line have the same
value, and lines further up and to the right have higher values.
"""
UTILITY = """
<b>Utility</b> is the scalarizer's value of the mean objectives of {span}. <b>Regret</b> is the difference between the expected
utility of the best mixture of slates for the same shoppers and that of the slates shown.
"""
WEIGHTS = """
The weights with which an agent chose slates, normalised to a sum of 100 %. A scalarizer adapts them to the rewards of the run so
far, so agents with the same scalarizer can have different weights.
"""
GOAL_BALANCE = """
Further right and further up mean more of the two objectives. The crosses are 95 % intervals. The scalarizer determines the
direction in which an agent moves, and what the agent has learned determines how far.
"""
UTILITY_REGRET = """
The regret of utility of all slates shown so far, times their number. The line flattens once an agent has learned.
"""
REGRET = """
The expected value lost since the start of a run, compared with the oracle. A straight line means that an agent has stopped
learning; flattening means that it still improves.
"""
DIFFERENCES = """
The value per {unit} of one agent minus that of another, with the same seeds and shoppers. <b>Two agents differ significantly if
the interval does not contain 0</b> (filled marker, tinted cell). The intervals hold for all pairs together with 95 %: if all
agents are equal, at most one benchmark in twenty reports any difference.
"""


def write_report(results: Mapping[str, Any], path: str | Path) -> None:
    """Write the report of a benchmark.

    Args:
        results: content of results.json, with at least one agent.
        path: HTML file to write.

    Raises:
        ValueError: the results contain no agent.
    """
    if not results.get("agents"):
        raise ValueError("the results contain no agent: expected results['agents'] to have at least one, with its estimates")
    write_text(Path(path), page(results))


def page(results: Mapping[str, Any]) -> str:
    """Render the report as text."""
    findings, frame = Findings(results), Frame()
    parts = by_scalarizer(results) if findings.config.get("scalarizers") else {}
    goals = [Findings(part) for part in parts.values() if part["agents"]]
    if goals:
        headlines = [f"{goal.scalarizer}: {goal.headline()}" for goal in goals]
        headline = headlines[0] if len(goals) == 1 else _winners(goals)
        summary_sentences = [f"{said}." for said in headlines if len(goals) > 1] + list(results.get("notes") or [])
        style = Style(max(goals, key=lambda goal: len(goal.agents)))
        sections = [part for number, goal in enumerate(goals) for part in _sections(goal, style, frame, f"goal{number}-")]
    else:
        headline, summary_sentences, style = findings.headline(), findings.summary_sentences(), Style(findings)
        sections = _sections(findings, style, frame)
    return frame.page(
        title=f"{findings.config.get('world', 'slategym')}: {headline}",
        eyebrow=f"slategym benchmark · {findings.config.get('world', '')}".removesuffix(" · "),
        headline=headline,
        summary_sentences=summary_sentences,
        setting=_setting(findings),
        sections=sections,
        configuration=configuration(findings),
        palette=style.sheet(),
    )


def _sections(findings: Findings, style: Style, frame: Frame, prefix: str = "") -> list[Markup]:
    """The sections for agents with the same weights or scalarizer; the ids of their plots begin with the prefix."""

    def named(plot: Plot | None) -> Plot | None:
        return None if plot is None else replace(plot, id=prefix + plot.id)

    def over_time(metric: str, plot: str, height: int, title: str) -> Plot | None:
        return named(curve(findings, style, metric, plot, height, title))

    goal = findings.scalarizer
    names = legend(findings.shown, style)
    absent = ORACLE not in findings.agents and findings.oracle.mean is not None  # plots of values then show its mean as a line
    framed = legend([ORACLE] * absent + findings.shown, style)
    value = frame.figure(over_time("value", "value", 420, "utility" if goal else "value per slate"))
    parts = [(per_slate(each), per_slate(each).removesuffix("_per_slate")) for each in findings.plurals.values()]
    halves = _in_pairs(frame, [over_time(metric, name, 300, f"{words_of(name)} per slate") for metric, name in parts])
    moving = [(weight_of(name), f"normalised weight on {name}") for name in findings.objectives[1:]]
    moved = _in_pairs(frame, [over_time(metric, metric, 300, title) for metric, title in moving]) if goal else Markup()
    balance = frame.figure(named(clicks_against_conversions(findings, style)))
    missed = "cumulative regret of utility" if goal else "cumulative regret"
    regret = frame.figure(over_time("cumulative_regret", "regret", 370, missed))
    lead_plot = frame.figure(named(lead(findings, style)))
    matrix = differences(findings, style)
    if lead_plot:
        lead_plot = part("titled", f"{findings.ranked[0]} minus each other agent", lead_plot)
    if matrix:
        matrix = part("titled", "All pairs, row minus column", matrix)
    under = f"{goal}: " if goal else ""
    first, second = [*(words_of(name).capitalize() for _, name in parts), ""][:2]
    of_context = any(findings.estimate(name, "share_of_context").mean is not None for name in findings.shown)
    reading = Markup(UTILITY).format(span=findings.span) if goal else Markup(LEADERBOARD + CONTEXT * of_context)
    across, high = [*findings.plurals.values(), ""][:2]
    balanced = Markup(GOAL_BALANCE if goal else BALANCE).format(across=across, high=high)
    learning = Markup(LEARNING).format(span=_stretch(findings))
    by_seed = frame.figure(named(values_by_seed(findings, style)))
    if by_seed:
        by_seed = part("titled", "Small dots: single seeds. Large markers: means with 95 % intervals", by_seed)
    segments = by_segment(findings)
    nothing, known, more = Markup(), reference_policies(findings), beyond_value(findings, style)
    return [
        section(f"{under}Leaderboard", reading, leaderboard(findings, style) + by_seed),
        section(f"{under}Other metrics", Markup(BEYOND), more) if more else nothing,
        section(f"{under}Segments", Markup(SEGMENTS), segments) if segments else nothing,
        section(f"{under}Reference policies", Markup(REFERENCES), known) if known else nothing,
        section(f"{under}Learning", learning, framed + value + halves) if value or halves else nothing,
        section(f"{under}Weights", Markup(WEIGHTS), names + moved) if moved else nothing,
        section(f"{under}{first} against {second.lower()}", balanced, balance) if balance else nothing,
        section(f"{under}Regret", Markup(UTILITY_REGRET if goal else REGRET), names + regret) if regret else nothing,
        section(f"{under}Significant differences", Markup(DIFFERENCES).format(unit=findings.unit), lead_plot + matrix)
        if lead_plot or matrix
        else nothing,
    ]


def _in_pairs(frame: Frame, plots: list[Plot | None]) -> Markup:
    """Plots side by side, two in a row."""
    return joined(frame.halves(*[*plots[at : at + 2], None][:2]) for at in range(0, len(plots), 2))


def _winners(goals: list[Findings]) -> str:
    """The best agent for each of several scalarizers, in a sentence."""
    best = {str(goal.scalarizer): goal.ranked[0] for goal in goals if goal.ranked}
    if len(set(best.values())) == 1:
        return f"{next(iter(best.values()))} has the highest mean utility for each of {len(best)} scalarizers"
    return "Highest mean utility: " + listed([f"{agent} for {scalarizer}" for scalarizer, agent in best.items()])


def _stretch(findings: Findings) -> str:
    """The number of slates that each point of a curve covers, in words."""
    curves = findings.results.get("curves") or {}
    shown: list[int] = next((curve["slates"] for curve in curves.values()), [])
    return f"{shown[-1] / len(shown):,.0f}" if shown else "few"


def _setting(findings: Findings) -> str:
    """The runs of the benchmark, in a few sentences."""
    config, seeds = findings.config, findings.seeds
    agents = len(config.get("agents") or findings.agents)
    said = f"{agents} agent{'s' * (agents != 1)}"
    if seeds and "slates" in config:
        said += f", {'each ' * (agents != 1)}run with {seeds} seed{'s' * (seeds != 1)} of {config['slates']:,} slates"
    if "items" in config and "slate_size" in config:
        said += f", {config['slate_size']} of {config['items']:,} items per slate"
    said += "."
    goals = config.get("scalarizers")
    weights = config.get("weights") or ()
    if goals:
        said += f" Scalarizers: {', '.join(goals)}."
    elif weights:
        said += f" Value is {weighted_sum(weights, list(findings.plurals.values()))}."
    if seeds == 1:
        return said
    return said + " Intervals are 95 % bootstrap intervals over the seeds; with the same seed, all agents get the same shoppers."


def words_of(name: str) -> str:
    """The name of a metric with spaces instead of underscores."""
    return name.replace("_", " ")
