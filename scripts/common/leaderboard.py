"""The results of benchmarks and sweeps as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.comparison.results import by_scalarizer
from slategym.bench.format import bracketed, decimals, ends, interval, number, percent, percent_ends
from slategym.bench.reports.findings import Findings
from slategym.bench.statistics import Estimate
from slategym.scripts.common.terminal import console, table

WIDEST = 10  # letters of a word in a column's head


def print_leaderboard(results: Mapping[str, Any]) -> None:
    """Print the agents by falling value, below the oracle, and their significant differences; for each scalarizer."""
    screen = console()
    if results["config"].get("scalarizers"):
        for scalarizer, part in by_scalarizer(results).items():
            if part["agents"]:
                screen.print(f"\n{scalarizer}", style="bold", highlight=False, markup=False)
                _print(Findings(part))
    else:
        _print(Findings(results))
    for note in results["notes"]:
        screen.print(note)


def _print(findings: Findings) -> None:
    """Print one table, its headline and the differences."""
    goal = findings.scalarizer is not None
    places = max(decimals(findings.estimate(name) for name in findings.shown), 3 if goal else 0)
    shares = {"share_of_oracle": "% of\noracle", "share_of_context": "% of\ncontext"}
    if goal:
        shares = {weight_of(name): f"final\nweight on\n{name}" for name in findings.objectives[1:]}
    shares = {metric: title for metric, title in shares.items() if _known(findings, metric)}
    short = {} if goal or "share_of_oracle" in shares else {"regret_per_slate": "regret"}
    beside = short | shares
    plurals = list(findings.plurals.values())
    heads = [_narrow(each) for each in plurals]
    lines = table("agent", "utility" if goal else "value per slate", *heads, *beside.values(), *([] if goal else ["slates/s"]))
    lines.collapse_padding = True  # to stay within 80 columns
    if (goal or short) and findings.oracle.mean is not None:
        lines.add_row("best achievable", number(findings.oracle.mean, places), *([""] * (len(heads) + len(beside))))
    for name in findings.shown:
        value = findings.estimate(name)
        lines.add_row(
            name,
            number(value.mean, places) + bracketed(value, places),
            *(number(findings.estimate(name, per_slate(each)).mean, 4) for each in plurals),
            *(number(findings.estimate(name, metric).mean, places) for metric in short),
            *(percent(findings.estimate(name, share).mean).removesuffix(" %" if not goal else "") for share in shares),
            *([] if goal else [_thousands(findings.estimate(name, "slates_per_second").mean)]),
        )
    screen = console()
    screen.print(lines)
    screen.print(findings.headline() + ".")
    for line in comparisons(findings):
        screen.print(line)


def _known(findings: Findings, metric: str) -> bool:
    """Whether any agent has a number for a metric."""
    return any(findings.estimate(name, metric).mean is not None for name in findings.shown)


def comparisons(findings: Findings) -> list[str]:
    """Which agents earn significantly more than which, and which pairs do not differ significantly."""
    lines, close = [], []
    for place, a in enumerate(findings.ranked):
        beaten = []
        for b in findings.ranked[place + 1 :]:
            gap = findings.difference(a, b)
            if gap and gap.excludes_zero:
                beaten.append(b)
            elif gap and gap.excludes_zero is False:
                digits = decimals([gap])
                close.append(f"{a} and {b}: {number(gap.mean, digits, True)}, {interval(gap, digits)}")
        if beaten:
            lines.append(f"  {a} > {', '.join(beaten)}")
    if lines:
        lines.insert(0, "Significant differences, by paired 95 % intervals:")
    return lines + (["No significant difference:"] + [f"  {pair}" for pair in close] if close else [])


def _narrow(words: str) -> str:
    """The words below each other, long ones in two parts: a number below them takes six characters."""
    return "\n".join(word if len(word) <= WIDEST else f"{word[: WIDEST - 4]}-\n{word[WIDEST - 4 :]}" for word in words.split(" "))


def _thousands(speed: float | None) -> str:
    """A speed, short: 6.9k, 407k."""
    return "–" if speed is None else f"{speed / 1000:,.{int(speed < 10_000)}f}k"


def print_sweep(result: Mapping[str, Any]) -> None:
    """Print the indicators and the scalarizers' regret, each with its interval below it."""
    front, names = result["front"], result["config"]["objectives"]
    utopia, nadir = (
        ", ".join(f"{name} {value:.4g}" for name, value in zip(names, front[end], strict=True)) for end in ("utopia", "nadir")
    )
    screen = console()
    heading = f"exact front ({front['oracle']}, tolerance {front['precision']:.2g})"
    screen.print(f"\n{heading}\n  utopia  {utopia}\n  nadir   {nadir}", soft_wrap=True)
    if result["agents"]:
        lines = table("agent", "hypervolume", "expected utility", "IGD+", "covered")
        ordered = sorted(result["agents"].items(), key=lambda agent: -agent[1]["hypervolume_share"]["mean"])
        for name, row in [*ordered, ("(best achievable)", result["best"])]:
            share, utility, distance, covered = (
                Estimate.from_json(row[part]) for part in ("hypervolume_share", "expected_utility", "igd_plus", "covered")
            )
            lines.add_row(name, _percent(share), _number(utility), _number(distance), _percent(covered))
        screen.print()
        screen.print(lines)
    if result["adaptive"]:
        lines = table("agent, scalarizer", "utility", "best achievable", "regret")
        for row in result["adaptive"]:
            utilities = (f"{row[name]['mean']:.4f}" for name in ("utility", "optimum"))
            lines.add_row(f"{row['agent']}, {row['scalarizer']}", *utilities, _number(Estimate.from_json(row["regret"])))
        screen.print()
        screen.print(lines)
    for note in result["notes"]:
        screen.print(note)


def _number(estimate: Estimate) -> str:
    return f"{number(estimate.mean, 3)}\n{ends(estimate, 3)}".rstrip()


def _percent(estimate: Estimate) -> str:
    return f"{percent(estimate.mean)}\n{percent_ends(estimate).removesuffix(' %')}".rstrip()
