"""The page of `slategym estimators`: error and coverage of each estimator, where each fails, and which one to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.format import percent
from slategym.bench.off_policy.study.advice import COVERED, NAMES, USABLE, short
from slategym.bench.off_policy.study.setting import KINDS, LOGGING
from slategym.bench.reports.page import Cell, Frame, entries, part, section, table
from slategym.bench.reports.style import DASHES, INK, PALETTE, Plot, axis, layout, plot_text
from slategym.utils.storage.files import write_text

HEADINGS: dict[str, str] = {kind: name[0].upper() + name[1:] for kind, name in NAMES.items()}
READING = """
The root mean square error over {replications} logs, as a share of the true value, <b>{truth}</b>. Below it is the interval
coverage: how often the normal 95 % interval contains the true value. An estimator <b>fails</b> if its error is above {usable}, or
if its interval coverage is significantly below {covered}. The effective sample size is in brackets. Logging policies: {logging}.
"""
PLOTS = """
Each point stands for logs of one kind, by their effective sample size: the number of rounds of the evaluated policy itself that
carry as much information.
"""
ALL = """
All kinds of 95 % intervals: how often they contain the true value, and their mean width below. Bias, standard deviation and width
are shares of the true value.
"""
WAYS = {"normal": "normal", "bootstrap": "bootstrap", "bernstein": "Bernstein"}


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a study.

    Args:
        result: content of estimators.json, with cells.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no cell.
    """
    if not result.get("cells"):
        raise ValueError("the result contains no cell: expected at least one that is finished")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, frame = result["config"], Frame()
    sections = []
    for kind in config["kinds"]:
        cells = [cell for cell in result["cells"] if cell["kind"] == kind]
        if not cells:
            continue
        truth = result["truth"][kind]
        reading = Markup(READING).format(
            truth=f"{truth['value']:.4g}",
            replications=config["replications"],
            usable=percent(USABLE),
            covered=percent(COVERED),
            logging=Markup("; ").join(Markup("<b>{}</b> {}").format(name, LOGGING[name]) for name in config["logging"]),
        )
        sections.append(section(f"{HEADINGS[kind]}: {KINDS[kind]}", reading, _map(kind, cells)))
        plots = frame.halves(_plot(f"{kind}-error", cells, "rmse"), _plot(f"{kind}-coverage", cells, "coverage"))
        sections.append(section(f"{HEADINGS[kind]}: by effective sample size", PLOTS, _legend(cells) + plots))
        sections.append(section(f"{HEADINGS[kind]}: all intervals", ALL, _intervals(kind, cells)))
    best = ", ".join(f"{short(text)} for {NAMES[kind]}" for kind, text in result["recommended"].items())
    return frame.page(
        title=f"slategym estimators: {config['world']}",
        eyebrow=f"slategym estimators · {config['world']}",
        headline=f"In {config['world']}: {best}",
        summary_sentences=result["advice"],
        setting=(
            f"Policies choose from {config['list_size']} items; logs of {', '.join(f'{size:,}' for size in config['sizes'])} "
            f"rounds, {config['replications']} of each. Rewards are clicks and conversions of {config['world']}, weighted "
            f"{' and '.join(f'{weight:g}' for weight in config['weights'])}."
        ),
        sections=sections,
        configuration=entries({key: value for key, value in config.items() if key not in ("plurals", "truth")}),
        palette=_sheet(),
        sheets=("report.css", "audit.css"),
    )


def _map(kind: str, cells: Sequence[Mapping[str, Any]]) -> Markup:
    """A table of errors with a row for each estimator and a column for each kind of log."""
    heads = ["estimator", *(f"{cell['logging']}, {cell['rounds']:,} rounds (≈ {cell['effective_size']:,.0f})" for cell in cells)]
    rows = []
    for name in cells[0]["estimators"]:
        row: list[Any] = [short(name)]
        for cell in cells:
            found = cell["estimators"][name]
            covers = _whole(found["coverage"]["normal"])
            below = f"{covers}, fails: {found['fails']}" if found["fails"] else covers
            row.append(Cell(percent(found["rmse"]), below=below))
        rows.append(row)
    return table(heads, rows, id=f"{kind}-map")


def _intervals(kind: str, cells: Sequence[Mapping[str, Any]]) -> Markup:
    ways = (f"interval coverage, {name}" for name in WAYS.values())
    heads = ["estimator", "logging policy", "rounds", "bias", "standard deviation", *ways, "interval width"]
    rows = []
    for cell in cells:
        for name, found in cell["estimators"].items():
            covers = [Cell(_whole(found["coverage"][way]), below=percent(found["width"][way])) for way in WAYS]
            numbers = [percent(found[part_]) for part_ in ("bias", "spread")]
            row = [short(name), cell["logging"], f"{cell['rounds']:,}", *numbers, *covers]
            rows.append([*row, percent(found["width"]["normal"])])
    return table(heads, rows, id=f"{kind}-intervals")


def _plot(id_: str, cells: Sequence[Mapping[str, Any]], field: str) -> Plot:
    traces = []
    order = sorted(cells, key=lambda cell: cell["effective_size"])
    sizes = [cell["effective_size"] for cell in order]
    if field == "coverage":
        traces.append(
            go.Scatter(
                x=[sizes[0], sizes[-1]],
                y=[95, 95],
                mode="lines",
                line={"color": INK["ink"][0], "width": 1, "dash": "dot"},
                hoverinfo="skip",
            )
        )
    for number, name in enumerate(cells[0]["estimators"]):
        found = [cell["estimators"][name] for cell in order]
        shares = [each["rmse"] if field == "rmse" else each["coverage"]["normal"] for each in found]
        colour = PALETTE[number % len(PALETTE)][0]
        traces.append(
            go.Scatter(
                name=plot_text(short(name)),
                x=sizes,
                y=[None if share is None else 100 * share for share in shares],
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": DASHES[number // len(PALETTE) % len(DASHES)]},
                marker={"size": 6, "color": colour},
                hovertemplate=f"<b>{plot_text(short(name))}</b><br>%{{x:,.0f}}: %{{y:.1f}} %<extra></extra>",
            )
        )
    across = axis("effective sample size", type="log", dtick=1)
    if field == "rmse":
        up = axis("error, % of the value", type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500])
    else:
        up = axis("interval coverage (normal, 95 %), %", range=[-2, 102])
    return Plot(id_, traces, layout(height=380, top=10, bottom=50, xaxis=across, yaxis=up))


def _legend(cells: Sequence[Mapping[str, Any]]) -> Markup:
    names = list(cells[0]["estimators"])
    return part("legend", [part("marked", short(name), f"a{number}") for number, name in enumerate(names)], always=True)


def _whole(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _sheet() -> str:
    day, night = (
        f":root{{{''.join(f'--{name}:{colour[tone]};' for name, colour in INK.items())}}}"
        + "".join(f".a{number}{{--agent:{PALETTE[number % len(PALETTE)][tone]}}}" for number in range(2 * len(PALETTE)))
        for tone in (0, 1)
    )
    return f"{day}\n@media screen and (prefers-color-scheme: dark) {{{night}}}"
