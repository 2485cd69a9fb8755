"""The benchmark's results as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.report_findings import Estimate, Findings, decimals, interval, number, percent
from slategym.scripts.terminal import console, table


def print_leaderboard(results: Mapping[str, Any]) -> None:
    """Agents from the highest value down, below the oracle, and who can be told apart from whom."""
    findings = Findings(results)
    places = decimals(findings.figure(name) for name in findings.shown)
    lines = table("agent", "value per slate", "clicks", "buys", "of oracle", "slates/s")
    for name in findings.shown:
        value = findings.figure(name)
        ends = f" [{number(value.low, places)}, {number(value.high, places)}]" if value.interval else ""
        lines.add_row(
            name,
            number(value.mean, places) + ends,
            number(findings.figure(name, "clicks_per_slate").mean, 4),
            number(findings.figure(name, "conversions_per_slate").mean, 4),
            percent(findings.figure(name, "share_of_oracle").mean),
            number(findings.figure(name, "slates_per_second").mean, 0),
        )
    screen = console()
    screen.print(lines)
    screen.print(findings.headline() + ".")
    for line in comparisons(findings):
        screen.print(line)
    for note in results["notes"]:
        screen.print(note)


def comparisons(findings: Findings) -> list[str]:
    """Which agents earn more than which by more than chance, and which pairs cannot be told apart."""
    lines, close = [], []
    for place, a in enumerate(findings.ranked):
        beaten = []
        for b in findings.ranked[place + 1 :]:
            gap = findings.difference(a, b)
            if gap and gap.told_apart:
                beaten.append(b)
            elif gap and gap.told_apart is False:
                digits = decimals([Estimate(gap.value, gap.low, gap.high)])
                close.append(f"{a} and {b}: {number(gap.value, digits, True)}, {interval(gap, digits)}")
        if beaten:
            lines.append(f"  {a} > {', '.join(beaten)}")
    if lines:
        lines.insert(0, "Differ, by the paired 95 % interval:")
    return lines + (["Cannot be told apart:"] + [f"  {pair}" for pair in close] if close else [])
