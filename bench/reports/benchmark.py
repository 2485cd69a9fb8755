"""The report of a benchmark: one self-contained page of HTML that works offline."""

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
<b>Value</b> is the weighted sum of the objectives, per slate and per <b>episode</b>, a shopper's visits from the first to the
last. The <b>oracle</b> knows each shopper's taste and shows the best slate for this visit. <b>Regret</b> is the expected value
that a slate lacks to the oracle's.
"""
CONTEXT = """
<b>Of context</b> is the share of the value of the best slates that the observation allows, an upper limit for agents, which see
no more than the observation; it comes from a large fit to the exact probabilities.
"""
BEYOND = """
What else a shop looks at. <b>Personalisation</b> is how much of what personal slates can add to the best slate for everybody an
agent earns; <b>slates to 90 %</b> how fast it learns; <b>Gini</b> how unevenly it shows the catalogue.
"""
SEGMENTS = """
The value per slate of each segment of shoppers, whose tastes differ.
"""
REFERENCES = """
Policies that do not learn, each on trajectories of its own with the same shoppers as the agents, in exact expectation.
<b>oracle-episode</b> is the best known policy for whole episodes, not a limit.
"""
LEARNING = """
Each line is an agent's mean over the seeds, over the last {span} slates at each point; the band is its 95 % interval. Overlapping
bands do not show that two agents are equal: the same shoppers come to every agent, so compare agents by the paired differences
below.
"""
BALANCE = """
Right is more {across}, up is more {high}; the crosses are 95 % intervals. All points of a thin line have the same value, so an
agent earns more the more lines lie below it. Two agents on one line earn the same in different ways.
"""
UTILITY = """
<b>Value</b> is the utility of the mean objectives of {span}. <b>Regret</b> is the expected utility that the slates shown lack to
the best achievable by mixtures of slates for the same shoppers.
"""
WEIGHTS = """
The weights by which an agent chose, normalised to a sum of 100 %. A scalarizer moves them with what the run has earned, so two
agents can come to different weights for the same scalarizer.
"""
GOAL_BALANCE = """
Right and up are more of the two objectives; the crosses are 95 % intervals. The scalarizer decides the direction in which an
agent goes, and what the agent knows how far.
"""
UTILITY_REGRET = """
The expected utility that all slates shown so far lack to the best achievable, times the slates. It flattens once an agent has
learned.
"""
REGRET = """
The expected value lost since the start of a run, compared with the oracle. A straight line means that an agent has stopped
learning; flattening means that it still improves.
"""
DIFFERENCES = """
Value per {unit} of one agent minus another's, seed by seed on the same shoppers. <b>Two agents differ significantly where the
interval does not contain 0</b> (a full marker, a tinted cell). The intervals hold for all pairs at once with 95 %: among equal
agents at most one benchmark in twenty claims any difference.
"""


def write_report(results: Mapping[str, Any], path: str | Path) -> None:
    """Write the report of a benchmark.

    Args:
        results: as results.json has them, with at least one agent.
        path: the HTML file to write.

    Raises:
        ValueError: the results hold no agent.
    """
    if not results.get("agents"):
        raise ValueError("the results hold no agent: expected results['agents'] to have at least one, with its estimates")
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
    """The sections on agents with the same weights or scalarizer; the ids of plots begin with the prefix."""

    def named(plot: Plot | None) -> Plot | None:
        return None if plot is None else replace(plot, id=prefix + plot.id)

    def over_time(metric: str, plot: str, height: int, title: str) -> Plot | None:
        return named(curve(findings, style, metric, plot, height, title))

    goal = findings.scalarizer
    names = legend(findings.shown, style)
    absent = ORACLE not in findings.agents and findings.oracle.mean is not None  # the values are then drawn under its mean
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
        by_seed = part("titled", "Each seed a dot, above it the mean with its interval", by_seed)
    segments = by_segment(findings)
    nothing, known, more = Markup(), reference_policies(findings), beyond_value(findings, style)
    return [
        section(f"{under}Leaderboard", reading, leaderboard(findings, style) + by_seed),
        section(f"{under}Beyond value", Markup(BEYOND), more) if more else nothing,
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
    """Who is best under each of several scalarizers, in a sentence."""
    best = {str(goal.scalarizer): goal.ranked[0] for goal in goals if goal.ranked}
    if len(set(best.values())) == 1:
        return f"{next(iter(best.values()))} has the highest mean utility under each of {len(best)} scalarizers"
    return "Highest mean utility: " + listed([f"{agent} under {scalarizer}" for scalarizer, agent in best.items()])


def _stretch(findings: Findings) -> str:
    """How many slates each point of a curve covers."""
    curves = findings.results.get("curves") or {}
    shown: list[int] = next((curve["slates"] for curve in curves.values()), [])
    return f"{shown[-1] / len(shown):,.0f}" if shown else "few"


def _setting(findings: Findings) -> str:
    """What was run, in a few sentences."""
    config, seeds = findings.config, findings.seeds
    agents = len(config.get("agents") or findings.agents)
    said = f"{agents} agent{'s' * (agents != 1)}"
    if seeds and "slates" in config:
        said += f", {'each ' * (agents != 1)}run on {seeds} seed{'s' * (seeds != 1)} of {config['slates']:,} slates"
    if "items" in config and "slate_size" in config:
        said += f", {config['slate_size']} of {config['items']:,} items on a slate"
    said += "."
    goals = config.get("scalarizers")
    weights = config.get("weights") or ()
    if goals:
        said += f" Scalarizers: {', '.join(goals)}."
    elif weights:
        said += f" Value is {weighted_sum(weights, list(findings.plurals.values()))}."
    if seeds == 1:
        return said
    return said + " Intervals are 95 % bootstrap intervals over the seeds; a seed brings every agent the same shoppers."


def words_of(name: str) -> str:
    """A metric's name as words."""
    return name.replace("_", " ")
