"""The page of `slategym pareto`: a sweep of weights, compared with the exact Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.format import decimals, listed, number, percent, percent_ends
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, joined, part, percent_cell, section, table
from slategym.bench.reports.style import Style
from slategym.bench.reports.sweeps.plots import front, legend, weights
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

COLUMNS = {
    "hypervolume_share": "hypervolume",
    "expected_utility": "expected utility",
    "igd_plus": "IGD+",
    "igd": "IGD",
    "covered": "covered",
    "observed_hypervolume_share": "hypervolume, given the observation",
    "observed_covered": "covered, given the observation",
}
SHARES = ("hypervolume_share", "covered", "observed_hypervolume_share", "observed_covered")


def write_page(sweep: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a result of `bench.sweeps.sweep.pareto`, or of the content of pareto.json."""
    write_text(Path(path), page(sweep))


def page(sweep: Mapping[str, Any]) -> str:
    """Render the page as text."""
    frame, config = Frame(), sweep["config"]
    style = Style(Findings({"agents": dict.fromkeys(config["agents"])}))
    said = headline(sweep)
    seeds = f"{len(config['seeds'])} seed{'s' * (len(config['seeds']) > 1)}"
    return frame.page(
        title=f"slategym pareto: {said}",
        eyebrow=f"slategym pareto · {config['world']}",
        headline=said,
        summary_sentences=sweep["notes"],
        setting=f"{config['points']} weights, {config['slates']:,} slates per run, {seeds}, {config['shoppers']:,} shoppers per "
        "step. Values are exact expectations of the slates shown in the last 10 % of each run.",
        sections=[*_pictures(frame, sweep, style), _indicators(sweep, style), *_adaptive(frame, sweep, style)],
        configuration=entries(
            {key: value for key, value in config.items() if key not in ("sweep", "plurals", "versions")} | config["versions"]
        ),
        palette=style.sheet(),
        sheets=("report.css", "audit.css", "pareto.css"),
    )


def headline(sweep: Mapping[str, Any]) -> str:
    """The agents that come closest to the front, in a sentence."""
    agents = sweep["agents"]
    if not agents or sweep["front"] is None:
        return "No agent finished its sweep"
    first = max(agents, key=lambda name: agents[name]["hypervolume_share"]["mean"])
    best = Estimate.from_json(agents[first]["hypervolume_share"])
    within = f" ({percent_ends(best)})" if best.interval else ""
    gaps = {pair["b"]: Estimate.from_json(pair["difference"]) for pair in sweep["pairs"] if pair["a"] == first}
    alike = [name for name, gap in gaps.items() if gap.low is not None and gap.low <= 0]
    if alike:
        return f"No significant winner: {listed([first, *alike])} come closest to the front"
    return f"{first} comes closest to the front: {percent(best.mean)} of its hypervolume{within}"


def _pictures(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[Markup]:
    if sweep["front"] is None:
        return []
    count = len(sweep["config"]["objectives"])
    pairs = list(combinations(range(count), 2))
    reading = (
        "The <b>line</b> is the exact front: the best values that mixtures of slates can achieve with full knowledge of each "
        "shopper. Each <b>dot</b> is an agent trained with one set of weights, with its 95 % interval. "
        if count == 2
        else "The <b>small dots</b> are the exact front over all objectives, projected onto two of them: a dot that looks worse "
        "here is better in another objective. Each <b>larger dot</b> is an agent trained with one set of weights. "
    )
    if sweep.get("observed"):
        reading += "The <b>dotted line</b> is the front for slates that are chosen from the observation alone. "
    if sweep["adaptive"]:
        reading += (
            "The <b>dashed paths</b> are running means of agents with a scalarizer, from the first slates on. The filled marker "
            "is the mean of the last 10 % of the run, and the open marker the best mixture for the scalarizer."
        )
    if not pairs:
        return []
    plots = [front(sweep, style, x, y) for x, y in pairs]
    drawn = frame.figure(plots[0]) if count == 2 else Markup()
    if count > 2:
        for left, right in zip(plots[::2], [*plots[1::2], None], strict=False):
            drawn += frame.halves(left, right)
    names = legend(sweep, style, [*sweep["agents"], ORACLE])
    return [section("Learned policies and the exact front", Markup(reading), names + drawn)]


def _indicators(sweep: Mapping[str, Any], style: Style) -> Markup:
    agents = sweep["agents"]
    if not agents:
        return Markup()
    ordered = sorted(agents, key=lambda name: -(agents[name]["hypervolume_share"]["mean"] or 0.0))
    rows = [(part("agent", name, style, name), agents[name]) for name in ordered]
    rows.append((part("agent", ORACLE, style, "best achievable"), sweep["best"]))
    columns = {name: head for name, head in COLUMNS.items() if all(name in row for _, row in rows)}
    cells = [[label, *(_cell(name, Estimate.from_json(row[name])) for name in columns)] for label, row in rows]
    measured = sweep["indicators"]
    reading = Markup(
        "Objectives are scaled to 0..1 (nadir to utopia). The numbers are means over seeds with 95 % intervals. "
        "<b>Hypervolume</b>: the volume that the points dominate above the value of random slates, as a share of that of the "
        "front. <b>Expected utility</b>: the weighted sum of the best point, averaged over {}. <b>IGD</b>: the mean distance "
        "from the front to the nearest point. <b>IGD+</b>: the same, counting only objectives in which the point is worse. "
        "<b>Covered</b>: the share of the front that is matched by a point within {:.0f} % in every objective. If the front for "
        "slates chosen from the observation alone is known, hypervolume and covered are also shown for that front. The last row "
        "is the oracle with the same weights, the best achievable with as many points."
    ).format(measured["expected_utility_weights"], 100 * measured["covered_tolerance"])
    heads = ("agent", *columns.values())
    return section("Quality of the learned fronts", reading, table(heads, cells, kind="sweep", id="indicators"))


def _cell(name: str, estimate: Estimate) -> Cell:
    if name in SHARES:
        return percent_cell(estimate)
    places = max(3, decimals([estimate]) - 1) if estimate.mean else 3
    return estimate_cell(estimate, min(places, 4))


def _adaptive(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[Markup]:
    rows = sweep["adaptive"]
    if not rows:
        return []
    names = sweep["config"]["objectives"]
    places = [decimals(Estimate.from_json(row["value"][place]) for row in rows) for place in range(len(names))]
    cells: list[list[Any]] = []
    for row in rows:
        values = [number(value["mean"], digits) for value, digits in zip(row["value"], places, strict=True)]
        best = ", ".join(number(value, digits) for value, digits in zip(row["optimal_value"], places, strict=True))
        utilities = [number(row[name]["mean"], 4) for name in ("utility", "optimum")]
        regret = estimate_cell(Estimate.from_json(row["regret"]), 4)
        cells.append([part("agent", row["agent"], style, row["agent"]), row["scalarizer"], *values, best, *utilities, regret])
    heads = ("agent", "scalarizer", *names, "best mixture", "utility", "best achievable utility", "regret")
    reading = (
        "A scalarizer maximises a utility of the mean objectives, and adapts its weights during the run. <b>Utility</b> is that "
        "of the mean objectives in the last 10 % of the run; <b>best achievable</b> is the exact optimum over mixtures of "
        "slates, and <b>regret</b> the difference."
    )
    shown: Sequence[Any] = [weights(sweep, style, place) for place in range(len(names) - 1)]
    drawn = joined(frame.halves(a, b) for a, b in zip(shown[::2], [*shown[1::2], None], strict=False))
    if drawn:
        about = Markup(
            '<p class="reading">The normalised weight of an objective: its weight times its range, as a share of the sum over '
            "all objectives. Colours show agents, line styles show scalarizers.</p>"
        )
        drawn = about + legend(sweep, style, []) + drawn
    return [section("Scalarizers", Markup(reading), table(heads, cells, kind="sweep", id="adaptive") + drawn)]
