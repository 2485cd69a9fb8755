"""Writes what a sweep of weights found as one self-contained page of HTML that works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.execution.output import write_text
from slategym.bench.format import decimals, interval, listed, number, percent
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import Cell, Frame, entries, joined, part, section, table
from slategym.bench.reports.pareto_plots import front, legend, weights
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate

COLUMNS = {
    "hypervolume_share": "hypervolume, of the front's",
    "expected_utility": "expected utility",
    "igd_plus": "IGD+",
    "igd": "IGD",
    "covered": "covered",
}
SHARES = ("hypervolume_share", "covered")


def write_page(sweep: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of what `bench.sweeps.sweep.pareto` returned, also as pareto.json holds it."""
    write_text(Path(path), page(sweep))


def page(sweep: Mapping[str, Any]) -> str:
    """The page as text."""
    frame, config = Frame(), sweep["config"]
    style = Style(Findings({"agents": dict.fromkeys(config["agents"])}))
    said = headline(sweep)
    seeds = f"{len(config['seeds'])} seed{'s' * (len(config['seeds']) > 1)}"
    return frame.page(
        title=f"slategym pareto: {said}",
        eyebrow=f"slategym pareto · {config['world']}",
        headline=said,
        remarks=sweep["notes"],
        setting=f"{config['points']} weights, {config['slates']:,} slates a run, {seeds}, {config['shoppers']:,} shoppers a step."
        " Of each run the last tenth is judged, by the exact expectation of what was shown to the same shoppers.",
        sections=[*_pictures(frame, sweep, style), _indicators(sweep, style), *_adaptive(frame, sweep, style)],
        configuration=entries(
            {key: value for key, value in config.items() if key not in ("sweep", "plurals", "versions")} | config["versions"]
        ),
        palette=style.sheet(),
        sheets=("report.css", "audit.css", "pareto.css"),
    )


def headline(sweep: Mapping[str, Any]) -> str:
    """What was found, in a sentence."""
    agents = sweep["agents"]
    if not agents or sweep["front"] is None:
        return "No agent finished its sweep"
    first = max(agents, key=lambda name: agents[name]["hypervolume_share"]["mean"])
    found = Estimate.of(agents[first]["hypervolume_share"])
    gaps = {pair["b"]: Estimate.of(pair["difference"]) for pair in sweep["pairs"] if pair["a"] == first}
    alike = [name for name, gap in gaps.items() if gap.low is not None and gap.low <= 0]
    if alike:
        return f"{listed([first, *alike])} come nearest to the front and cannot be told apart"
    return f"{first} comes nearest to the front: {percent(found.mean)} of its hypervolume{_range(found)}"


def _range(found: Estimate) -> str:
    return f" ({percent(found.low)} to {percent(found.high)})" if found.interval else ""


def _pictures(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[Markup]:
    if sweep["front"] is None:
        return []
    count = len(sweep["config"]["objectives"])
    pairs = list(combinations(range(count), 2))
    reading = (
        "The <b>line</b> is the exact front: the best that mixtures of slates reach for these shoppers, who are known to it. "
        "Each <b>dot</b> is an agent that learned towards one mix of the objectives, with its 95 % interval. "
        if count == 2
        else "The <b>small dots</b> lie on the exact front over all objectives, seen from one side: one that looks worse here is "
        "better in another objective. Each <b>larger dot</b> is an agent that learned towards one mix of them. "
    )
    if sweep["adaptive"]:
        reading += (
            "The <b>dashed paths</b> are running means under a scalarizer, from the first slates on; the filled mark is the last "
            "part of the run, the open one the best mixture for that utility."
        )
    if not pairs:
        return []
    plots = [front(sweep, style, x, y) for x, y in pairs]
    drawn = frame.figure(plots[0]) if count == 2 else Markup()
    if count > 2:
        for left, right in zip(plots[::2], [*plots[1::2], None], strict=False):
            drawn += frame.halves(left, right)
    names = legend(sweep, style, [*sweep["agents"], ORACLE])
    return [section("What was learned, against what could be", Markup(reading), names + drawn)]


def _indicators(sweep: Mapping[str, Any], style: Style) -> Markup:
    rows = {**sweep["agents"]}
    if not rows:
        return Markup()
    ordered = sorted(rows, key=lambda name: -(rows[name]["hypervolume_share"]["mean"] or 0.0))
    every = [(part("agent", name, style, name), rows[name]) for name in ordered]
    every.append((part("agent", ORACLE, style, "the best slates"), sweep["best"]))
    cells = [[label, *(_cell(name, found) for name in COLUMNS)] for label, found in every]
    measured = sweep["indicators"]
    reading = Markup(
        "All in ranges, from the nadir to the utopia of each objective, the mean over seeds with its 95 % interval. "
        "<b>Hypervolume</b>: what the points dominate above the value of random slates, as a share of what mixtures reach. "
        "<b>Expected utility</b>: what the best point is worth, averaged over {}. "
        "<b>IGD</b> and <b>IGD+</b>: how far the front is from the nearest point, and how far that falls short. <b>Covered</b>: "
        "the share of the front that a point reaches within {:.0f} % of a range in every "
        "objective. The last row is the oracle at the same weights: no more can be had with so many points."
    ).format(measured["expected_utility_weights"], 100 * measured["covered_tolerance"])
    return section("How much of the front", reading, table(("", *COLUMNS.values()), cells, kind="sweep", id="indicators"))


def _cell(name: str, found: Mapping[str, Any]) -> Cell:
    each = Estimate.of(found[name])
    if name in SHARES:
        return Cell(percent(each.mean), below=f"{percent(each.low)} to {percent(each.high)}" if each.interval else "")
    places = max(3, decimals([each]) - 1) if each.mean else 3
    places = min(places, 4)
    ends = f"{number(each.low, places)} to {number(each.high, places)}" if each.interval else ""
    return Cell(number(each.mean, places), below=ends)


def _adaptive(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[Markup]:
    rows = sweep["adaptive"]
    if not rows:
        return []
    names = sweep["config"]["objectives"]
    places = [decimals(Estimate.of(row["value"][place]) for row in rows) for place in range(len(names))]
    cells: list[list[Any]] = []
    for row in rows:
        values = [number(each["mean"], digits) for each, digits in zip(row["value"], places, strict=True)]
        best = ", ".join(number(each, digits) for each, digits in zip(row["optimal_value"], places, strict=True))
        figures = [Estimate.of(row[name]) for name in ("utility", "optimum", "regret")]
        ends = [number(figures[0].mean, 4), number(figures[1].mean, 4), _regret(figures[2])]
        cells.append([part("agent", row["agent"], style, row["agent"]), row["scalarizer"], *values, best, *ends])
    heads = ("", "scalarizer", *names, "best mixture", "utility", "its best", "regret of utility")
    reading = (
        "A scalarizer follows a utility of the mean objectives and moves its weights while the run goes on. Utility is that of "
        "the mean value in the last part of the run (not the mean of utilities), its best is the exact optimum over mixtures."
    )
    shown: Sequence[Any] = [weights(sweep, style, place) for place in range(len(names) - 1)]
    drawn = joined(frame.halves(a, b) for a, b in zip(shown[::2], [*shown[1::2], None], strict=False))
    if drawn:
        about = Markup(
            '<p class="reading">How much of the weight lies on an objective, in shares of what the weights make of the ranges; '
            "colours are the agents', lines the scalarizers'.</p>"
        )
        drawn = about + legend(sweep, style, []) + drawn
    return [section("Weights that move", reading, table(heads, cells, kind="sweep", id="adaptive") + drawn)]


def _regret(found: Estimate) -> Cell:
    ends = interval(found, 4).removeprefix("95 % interval ") if found.interval else ""
    return Cell(number(found.mean, 4), below=ends)
