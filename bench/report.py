"""Writes the benchmark's report: one self-contained page of HTML that works offline, the same for the same results."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from slategym.bench.report_curves import curve
from slategym.bench.report_findings import ORACLE, Findings
from slategym.bench.report_frame import Frame, section, words
from slategym.bench.report_plots import clicks_against_conversions, lead
from slategym.bench.report_style import Style
from slategym.bench.report_tables import configuration, differences, leaderboard, legend

LEADERBOARD = """
<b>Value</b> is what a slate earns: clicks and conversions, each times its worth. The bar is the value, the line across its
end the interval, the tick at its right what the <b>oracle</b> would earn, which knows each shopper's taste and shows the best
slate for this visit. <b>Regret</b> is what a slate falls short of it, in expectation.
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
    Path(path).write_text(page(results), encoding="utf-8")


def page(results: Mapping[str, Any]) -> str:
    """The report as text."""
    findings = Findings(results)
    style, frame = Style(findings), Frame()
    names = legend(findings.shown, style)
    absent = ORACLE not in findings.agents and findings.oracle.mean is not None  # the values are then drawn under its mean
    framed = legend([ORACLE] * absent + findings.shown, style)
    value = frame.figure(curve(findings, style, "value", "value", 420, "value per slate"))
    halves = frame.halves(
        curve(findings, style, "clicks_per_slate", "clicks", 300, "clicks per slate"),
        curve(findings, style, "conversions_per_slate", "conversions", 300, "conversions per slate"),
    )
    balance = frame.figure(clicks_against_conversions(findings, style))
    regret = frame.figure(curve(findings, style, "cumulative_regret", "regret", 370, "value missed so far"))
    ahead = frame.figure(lead(findings, style))
    matrix = differences(findings, style)
    if ahead:
        ahead = f"<h3>{escape(findings.ranked[0])} minus each other agent</h3>\n{ahead}"
    if matrix:
        matrix = f"<h3>All pairs, row minus column</h3>\n{matrix}"
    return frame.page(
        title=f"{findings.config.get('world', 'slategym')}: {findings.headline()}",
        eyebrow=f"slategym benchmark · {findings.config.get('world', '')}".removesuffix(" · "),
        headline=findings.headline(),
        remarks="".join(f"<p>{words(remark)}</p>" for remark in findings.remarks()),
        setting=_setting(findings),
        sections=[
            section("Leaderboard", LEADERBOARD + CONTEXT * bool(findings.context.mean), leaderboard(findings, style)),
            section("Learning", LEARNING, framed + value + halves) if value or halves else "",
            section("Clicks against conversions", BALANCE, balance),
            section("Regret", REGRET, names + regret) if regret else "",
            section("Who differs from whom", DIFFERENCES, ahead + matrix) if ahead or matrix else "",
        ],
        configuration=configuration(findings),
        palette=style.sheet(),
    )


def _setting(findings: Findings) -> str:
    """What was run, in two sentences."""
    config, agents, seeds = findings.config, len(findings.agents), findings.seeds
    said = f"{agents} agent{'s' * (agents != 1)}"
    if seeds and "slates" in config:
        said += f", {'each ' * (agents != 1)}run on {seeds} seed{'s' * (seeds != 1)} of {config['slates']:,} slates"
    if "items" in config and "slate_size" in config:
        said += f", {config['slate_size']} of {config['items']:,} items on a slate"
    said += "."
    if findings.weights:
        click, conversion = findings.weights
        said += f" A click is worth {click:g}, a conversion {conversion:g}."
    if seeds == 1:
        return said
    return said + " Intervals are 95 % bootstrap intervals over the seeds; a seed brings every agent the same shoppers."
