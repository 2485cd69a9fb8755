"""Writes the benchmark's report: one self-contained page of HTML that works offline, the same for the same results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.comparison.results import by_scalarizer
from slategym.bench.execution.output import write_text
from slategym.bench.reports.benchmark_curves import curve
from slategym.bench.reports.benchmark_plots import clicks_against_conversions, lead
from slategym.bench.reports.benchmark_tables import configuration, differences, leaderboard, legend
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import Frame, joined, part, section
from slategym.bench.reports.style import Plot, Style

LEADERBOARD = """
<b>Value</b> is what a slate earns: clicks and conversions, each times its worth. The bar is the value, or where there are losses
a dot; the line across its end the interval, the tick at its right what the <b>oracle</b> would earn, which knows each shopper's
taste and shows the best slate for this visit. <b>Regret</b> is what a slate falls short of it, in expectation.
"""
CONTEXT = """
<b>Of context</b> is the share of what the best slates that the observation allows earn, the ceiling for agents, which see no more
than that; a large fit to the exact probabilities tells it.
"""
LEARNING = """
Each line is an agent's mean over the seeds, within the stretch of the run that ends there; the band is its 95 % interval. A
learner rises as it sees more slates. Bands that overlap do not show that two agents are equal: the same shoppers come to
every agent, so the differences further down are surer than the bands.
"""
BALANCE = """
Right is more clicks, up is more conversions; the crosses are 95 % intervals. Along a thin line every point is worth the same,
so an agent earns more the more lines lie below it. Two agents on one line earn the same in different ways.
"""
UTILITY = """
<b>Value</b> is the utility of what a slate brings on average: of the mean objectives of {span}, not the mean of
utilities. Further right is better: the dot is the utility, the line across it the interval, the tick at its right what no mixture
of slates exceeds for the same shoppers. <b>Regret</b> is how far the slates shown fall short of it, in expectation.
"""
WEIGHTS = """
What an agent chose by, as shares of the weights' sum; only their ratio says anything. The goal moves the weights towards what is
worth most where the run stands, so two agents that know different things come to different weights for the same goal.
"""
GOAL_BALANCE = """
Right and up are more of the two objectives; the crosses are 95 % intervals. The goal decides in which direction an agent
goes, and what it knows how far.
"""
UTILITY_REGRET = """
How far the utility of all that was shown so far falls short of what no mixture of slates exceeds, times the slates: in
expectation, free of the luck of clicks. An agent that has learned goes on flat.
"""
REGRET = """
The value missed since the start of a run, for want of the oracle's slates: an agent that has stopped learning goes on in a
straight line, one that learns bends flat. Regret is reckoned in expectation, free of the
luck of clicks.
"""
DIFFERENCES = """
Value per slate of one agent minus another's, seed by seed on the same shoppers, with a 95 % interval. <b>Where the interval
leaves zero out, the two differ</b> (a full marker, a tinted cell); where it holds zero, this benchmark cannot tell them
apart. Each interval is for its own pair: of many pairs, about one in twenty may miss.
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
        raise ValueError("the results hold no agent: expected results['agents'] to have at least one, with its figures")
    write_text(Path(path), page(results))


def page(results: Mapping[str, Any]) -> str:
    """The report as text."""
    findings, frame = Findings(results), Frame()
    parts = by_scalarizer(results) if findings.config.get("scalarizers") else {}
    goals = [Findings(part) for part in parts.values() if part["agents"]]
    if goals:
        headlines = [f"{goal.scalarizer}: {goal.headline()}" for goal in goals]
        headline = headlines[0] if len(goals) == 1 else f"{len(goals)} goals, each followed by every agent"
        remarks = ([] if len(goals) == 1 else [f"{each}." for each in headlines]) + list(results.get("notes") or [])
        style = Style(max(goals, key=lambda goal: len(goal.agents)))
        sections = [each for number, goal in enumerate(goals) for each in _sections(goal, style, frame, f"goal{number}-")]
    else:
        headline, remarks, style = findings.headline(), findings.remarks(), Style(findings)
        sections = _sections(findings, style, frame)
    return frame.page(
        title=f"{findings.config.get('world', 'slategym')}: {headline}",
        eyebrow=f"slategym benchmark · {findings.config.get('world', '')}".removesuffix(" · "),
        headline=headline,
        remarks=remarks,
        setting=_setting(findings),
        sections=sections,
        configuration=configuration(findings),
        palette=style.sheet(),
    )


def _sections(findings: Findings, style: Style, frame: Frame, prefix: str = "") -> list[Markup]:
    """What is said of some agents that are judged alike; plots have the prefix before their names."""

    def named(plot: Plot | None) -> Plot | None:
        return None if plot is None else plot | {"id": prefix + plot["id"]}

    def over_time(metric: str, plot: str, height: int, title: str) -> Plot | None:
        return named(curve(findings, style, metric, plot, height, title))

    goal = findings.scalarizer
    names = legend(findings.shown, style)
    absent = ORACLE not in findings.agents and findings.oracle.mean is not None  # the values are then drawn under its mean
    framed = legend([ORACLE] * absent + findings.shown, style)
    value = frame.figure(over_time("value", "value", 420, "utility" if goal else "value per slate"))
    parts = [(per_slate(each), per_slate(each).removesuffix("_per_slate")) for each in findings.plurals.values()]
    halves = _in_pairs(frame, [over_time(metric, name, 300, f"{words_of(name)} per slate") for metric, name in parts])
    moving = [(weight_of(each), f"weight of {each}") for each in findings.objectives[1:]]
    moved = _in_pairs(frame, [over_time(metric, metric, 300, title) for metric, title in moving]) if goal else Markup()
    balance = frame.figure(named(clicks_against_conversions(findings, style)))
    missed = "utility missed so far, times the slates" if goal else "value missed so far"
    regret = frame.figure(over_time("cumulative_regret", "regret", 370, missed))
    ahead = frame.figure(named(lead(findings, style)))
    matrix = differences(findings, style)
    if ahead:
        ahead = part("titled", f"{findings.ranked[0]} minus each other agent", ahead)
    if matrix:
        matrix = part("titled", "All pairs, row minus column", matrix)
    under = f"{goal}: " if goal else ""
    first, second = [*(words_of(name).capitalize() for _, name in parts), ""][:2]
    of_context = any(findings.figure(name, "share_of_context").mean is not None for name in findings.shown)
    reading = Markup(UTILITY).format(span=findings.span) if goal else Markup(LEADERBOARD + CONTEXT * of_context)
    balanced = GOAL_BALANCE if goal else BALANCE
    nothing = Markup()
    return [
        section(f"{under}Leaderboard", reading, leaderboard(findings, style)),
        section(f"{under}Learning", Markup(LEARNING), framed + value + halves) if value or halves else nothing,
        section(f"{under}Weights", Markup(WEIGHTS), names + moved) if moved else nothing,
        section(f"{under}{first} against {second.lower()}", Markup(balanced), balance) if balance else nothing,
        section(f"{under}Regret", Markup(UTILITY_REGRET if goal else REGRET), names + regret) if regret else nothing,
        section(f"{under}Who differs from whom", Markup(DIFFERENCES), ahead + matrix) if ahead or matrix else nothing,
    ]


def _in_pairs(frame: Frame, plots: list[Plot | None]) -> Markup:
    """Plots side by side, two a line."""
    return joined(frame.halves(*[*plots[at : at + 2], None][:2]) for at in range(0, len(plots), 2))


def _setting(findings: Findings) -> str:
    """What was run, in two sentences."""
    config, seeds = findings.config, findings.seeds
    agents = len(config.get("agents") or findings.agents)
    said = f"{agents} agent{'s' * (agents != 1)}"
    if seeds and "slates" in config:
        said += f", {'each ' * (agents != 1)}run on {seeds} seed{'s' * (seeds != 1)} of {config['slates']:,} slates"
    if "items" in config and "slate_size" in config:
        said += f", {config['slate_size']} of {config['items']:,} items on a slate"
    said += "."
    goals = config.get("scalarizers")
    worth = dict(zip(findings.objectives, config.get("weights") or (), strict=False))
    if goals:
        said += f" Goals: {', '.join(goals)}."
    elif worth:
        said += _worths(worth)
    if seeds == 1:
        return said
    return said + " Intervals are 95 % bootstrap intervals over the seeds; a seed brings every agent the same shoppers."


def _worths(worth: Mapping[str, float]) -> str:
    if list(worth) == ["click", "conversion"]:
        return f" A click is worth {worth['click']:g}, a conversion {worth['conversion']:g}."
    return f" Worth: {', '.join(f'{name} {each:g}' for name, each in worth.items())}."


def words_of(name: str) -> str:
    """A metric's name as words."""
    return name.replace("_", " ")
