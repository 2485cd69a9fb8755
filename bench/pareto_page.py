"""Writes what a sweep of weights found as one self-contained page of HTML that works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import combinations
from pathlib import Path
from typing import Any

from slategym.bench.files import write_text
from slategym.bench.pareto_plots import front, legend, weights
from slategym.bench.report_findings import ORACLE, Estimate, Findings, decimals, interval, listed, number, percent
from slategym.bench.report_frame import Frame, entries, section, words
from slategym.bench.report_style import Style

COLUMNS = {
    "hypervolume_share": "hypervolume, of the front's",
    "expected_utility": "expected utility",
    "igd_plus": "IGD+",
    "igd": "IGD",
    "covered": "covered",
}
SHARES = ("hypervolume_share", "covered")


def write_page(sweep: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of what `bench.pareto.pareto` returned, also as pareto.json holds it."""
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
        remarks="".join(f"<p>{words(note)}</p>" for note in sweep["notes"]),
        setting=f"{config['points']} weights, {config['slates']:,} slates a run, {seeds}, {config['shoppers']:,} shoppers a step."
        " Of each run the last tenth is judged, by the exact expectation of what was shown to the same shoppers.",
        sections=[*_pictures(frame, sweep, style), _indicators(sweep, style), *_adaptive(frame, sweep, style)],
        configuration=entries(
            {key: value for key, value in config.items() if key not in ("sweep", "versions")} | config["versions"]
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


def _pictures(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[str]:
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
    drawn = frame.figure(plots[0]) if count == 2 else ""
    if count > 2:
        for left, right in zip(plots[::2], [*plots[1::2], None], strict=False):
            drawn += frame.halves(left, right)
    return [section("What was learned, against what could be", reading, legend(sweep, style, [*sweep["agents"], ORACLE]) + drawn)]


def _indicators(sweep: Mapping[str, Any], style: Style) -> str:
    rows = {**sweep["agents"]}
    if not rows:
        return ""
    body = ""
    ordered = sorted(rows, key=lambda name: -(rows[name]["hypervolume_share"]["mean"] or 0.0))
    named = [(name, f'<span class="agent {style.mark(name)}"><i></i><span>{escape(name)}</span></span>') for name in ordered]
    every = [*((label, rows[name]) for name, label in named)]
    every.append((f'<span class="agent {style.mark(ORACLE)}"><i></i><span>the best slates</span></span>', sweep["best"]))
    for label, found in every:
        body += f"<tr><th>{label}</th>" + "".join(f"<td>{_cell(name, found)}</td>" for name in COLUMNS) + "</tr>"
    titles = "".join(f"<th>{each}</th>" for each in ("", *COLUMNS.values()))
    measured = sweep["indicators"]
    reading = (
        "All in ranges, from the nadir to the utopia of each objective, the mean over seeds with its 95 % interval. "
        "<b>Hypervolume</b>: what the points dominate above the value of random slates, as a share of what mixtures reach. "
        "<b>Expected utility</b>: what the best point is worth, averaged over "
        f"{escape(measured['expected_utility_weights'])}. "
        "<b>IGD</b> and <b>IGD+</b>: how far the front is from the nearest point, and how far that falls short. <b>Covered</b>: "
        f"the share of the front that a point reaches within {100 * measured['covered_tolerance']:.0f} % of a range in every "
        "objective. The last row is the oracle at the same weights: no more can be had with so many points."
    )
    table = (
        '<div class="wide"><table class="rates sweep" id="indicators">'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    return section("How much of the front", reading, table)


def _cell(name: str, found: Mapping[str, Any]) -> str:
    each = Estimate.of(found[name])
    if name in SHARES:
        ends = f"<small>{percent(each.low)} to {percent(each.high)}</small>" if each.interval else ""
        return percent(each.mean) + ends
    places = max(3, decimals([each]) - 1) if each.mean else 3
    places = min(places, 4)
    ends = f"<small>{number(each.low, places)} to {number(each.high, places)}</small>" if each.interval else ""
    return number(each.mean, places) + ends


def _adaptive(frame: Frame, sweep: Mapping[str, Any], style: Style) -> list[str]:
    rows = sweep["adaptive"]
    if not rows:
        return []
    names = sweep["config"]["objectives"]
    places = [decimals(Estimate.of(row["value"][place]) for row in rows) for place in range(len(names))]
    body = ""
    for row in rows:
        label = f'<span class="agent {style.mark(row["agent"])}"><i></i><span>{escape(row["agent"])}</span></span>'
        values = [number(each["mean"], digits) for each, digits in zip(row["value"], places, strict=True)]
        best = ", ".join(number(each, digits) for each, digits in zip(row["optimal_value"], places, strict=True))
        figures = [Estimate.of(row[name]) for name in ("utility", "optimum", "regret")]
        cells = [*values, best, number(figures[0].mean, 4), number(figures[1].mean, 4), _regret(figures[2])]
        body += f"<tr><th>{label}</th><td>{escape(row['scalarizer'])}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    titles = (
        "",
        "scalarizer",
        *(f"{escape(name)}" for name in names),
        "best mixture",
        "utility",
        "its best",
        "regret of utility",
    )
    head = "".join(f"<th>{each}</th>" for each in titles)
    reading = (
        "A scalarizer follows a utility of the mean objectives and moves its weights while the run goes on. Utility is that of "
        "the mean value in the last part of the run (not the mean of utilities), its best is the exact optimum over mixtures."
    )
    table = (
        '<div class="wide"><table class="rates sweep" id="adaptive">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    shown: Sequence[Any] = [weights(sweep, style, place) for place in range(len(names) - 1)]
    drawn = "".join(frame.halves(a, b) for a, b in zip(shown[::2], [*shown[1::2], None], strict=False))
    if drawn:
        drawn = (
            '<p class="reading">How much of the weight lies on an objective, in shares of what the weights make of the ranges; '
            "colours are the agents', lines the scalarizers'.</p>" + legend(sweep, style, []) + drawn
        )
    return [section("Weights that move", reading, table + drawn)]


def _regret(found: Estimate) -> str:
    ends = f"<small>{interval(found, 4).removeprefix('95 % interval ')}</small>" if found.interval else ""
    return number(found.mean, 4) + ends
