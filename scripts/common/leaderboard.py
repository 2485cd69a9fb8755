"""Tables and sentences of benchmarks and sweeps in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.comparison.results import BEST_KNOWN, by_scalarizer
from slategym.bench.format import bracketed, decimals, ends, interval, number, percent, percent_ends
from slategym.bench.reports.findings import Findings
from slategym.bench.statistics import Estimate
from slategym.scripts.common.terminal import console, table

WIDEST = 10  # letters of a word in a table head; longer words are divided
WIDTH = 80  # characters of a table


def print_leaderboard(results: Mapping[str, Any]) -> None:
    """Print the agents, ordered by value from the highest, with the reference policies and the significant differences."""
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
    """Print one table, its headline, and the differences between agents."""
    goal = findings.scalarizer is not None
    first, *others = [column for column in _columns(findings) if _known(findings, column[0])]
    cells = {metric: [_cell(findings, name, metric, places) for name in findings.shown] for metric, _, places in (first, *others)}
    names = ["agent", *findings.shown, *(["best achievable"] if goal else [])]
    room = WIDTH - max(map(len, names)) - _width(first[1], cells[first[0]])
    shown = [first]
    for column in others:  # the most important first; the page has those that do not fit here
        room -= _width(column[1], cells[column[0]])
        if room < 0:
            break
        shown.append(column)
    lines = table("agent", *(head for _, head, _ in shown))
    lines.collapse_padding = True
    if goal and findings.oracle.mean is not None:
        lines.add_row("best achievable", number(findings.oracle.mean, first[2]), *[""] * (len(shown) - 1))
    for row, name in enumerate(findings.shown):
        lines.add_row(name, *(cells[metric][row] for metric, _, _ in shown))
    screen = console()
    screen.print(lines)
    if findings.references:
        known = [
            f"{name} {number(findings.reference(name).mean, first[2])}" + " (best known)" * (name == BEST_KNOWN)
            for name in findings.references
        ]
        screen.print(f"Reference policies, per {findings.unit}: {', '.join(known)}.")
    screen.print(findings.headline() + ".")
    for line in comparisons(findings):
        screen.print(line)


def _columns(findings: Findings) -> list[tuple[str, str, int]]:
    """The metrics with table heads and decimals, the most important first."""
    goal = findings.scalarizer is not None

    def places(metric: str) -> int:
        return decimals(findings.estimate(name, metric) for name in findings.shown)

    value = (findings.metric, "utility" if goal else f"value per {findings.unit}", max(places(findings.metric), 3 if goal else 0))
    per_slate_too = [("value", "value\nper\nslate", places("value"))] if findings.unit == "episode" else []
    shares = [("share_of_context", "% of\ncontext", 1), ("share_of_oracle", "% of\noracle", 1)]
    weights = [(weight_of(name), f"final\nweight on\n{name}", 1) for name in findings.objectives[1:]]
    plurals = [(per_slate(plural), _narrow(plural), 4) for plural in findings.plurals.values()]
    short = [] if goal or _known(findings, "share_of_oracle") else [("regret_per_slate", "regret", places("value"))]
    episodes = [("visits_per_episode", "visits", 1), ("share_staying", "%\nstay", 1)] if findings.unit == "episode" else []
    speed = [("slates_per_second", "slates/s", 0)]
    new = [("cold_start_regret", "cold\nstart\nregret", places("cold_start_regret"))]
    return [value, *per_slate_too, *new, *short, *([] if goal else shares), *plurals, *(weights if goal else speed), *episodes]


def _cell(findings: Findings, name: str, metric: str, places: int) -> str:
    """A metric of an agent, formatted for the table."""
    estimate = findings.estimate(name, metric)
    if metric == findings.metric:
        return number(estimate.mean, places) + bracketed(estimate, places)
    if metric == "slates_per_second":
        return _thousands(estimate.mean)
    if metric.startswith("weight_of"):
        return percent(estimate.mean)
    if metric.startswith("share_"):
        return percent(estimate.mean).removesuffix(" %")
    return number(estimate.mean, places)


def _width(head: str, cells: Sequence[str]) -> int:
    """The width of a column, including the gap before it."""
    return max(map(len, [*head.split("\n"), *cells])) + 2


def _known(findings: Findings, metric: str) -> bool:
    """Whether any agent has a number for a metric."""
    return any(findings.estimate(name, metric).mean is not None for name in findings.shown)


def comparisons(findings: Findings) -> list[str]:
    """Sentences on the pairs of agents that differ significantly, and on those that do not."""
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
        lines.insert(0, "Significant differences (Holm's correction, 95 % for all together):")
    return lines + (["No significant difference:"] + [f"  {pair}" for pair in close] if close else [])


def _narrow(words: str) -> str:
    """The words one below the other, long ones divided, since the numbers in the column are only six characters wide."""
    return "\n".join(word if len(word) <= WIDEST else f"{word[: WIDEST - 4]}-\n{word[WIDEST - 4 :]}" for word in words.split(" "))


def _thousands(speed: float | None) -> str:
    """A speed in thousands: 6.9k, 407k."""
    return "–" if speed is None else f"{speed / 1000:,.{int(speed < 10_000)}f}k"


def print_sweep(result: Mapping[str, Any]) -> None:
    """Print the front indicators of each agent and the regret of each scalarizer, each with its interval below."""
    front, names = result["front"], result["config"]["objectives"]
    utopia, nadir = (
        ", ".join(f"{name} {value:.4g}" for name, value in zip(names, front[end], strict=True)) for end in ("utopia", "nadir")
    )
    screen = console()
    heading = f"exact front ({front['oracle']}, tolerance {front['precision']:.2g})"
    screen.print(f"\n{heading}\n  utopia  {utopia}\n  nadir   {nadir}", soft_wrap=True)
    if result["agents"]:
        observed = ["observed_hypervolume_share"] * all("observed_hypervolume_share" in row for row in result["agents"].values())
        allowed = ["given the\nobser-\nvation"] * len(observed)
        lines = table("agent", "hyper-\nvolume", *allowed, "expected\nutility", "IGD+", "covered")
        ordered = sorted(result["agents"].items(), key=lambda agent: -agent[1]["hypervolume_share"]["mean"])
        for name, row in [*ordered, ("(best achievable)", result["best"])]:
            share, utility, distance, covered = (
                Estimate.from_json(row[part]) for part in ("hypervolume_share", "expected_utility", "igd_plus", "covered")
            )
            allowed = [_percent(Estimate.from_json(row[metric])) for metric in observed]
            lines.add_row(name, _percent(share), *allowed, _number(utility), _number(distance), _percent(covered))
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
