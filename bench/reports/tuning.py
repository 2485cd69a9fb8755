"""The page of `slategym tune`: a search of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.format import number, percent
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, joined, part, percent_cell, section, table
from slategym.bench.reports.style import INK, PALETTE, Plot, axis, error_bars, forest_layout, ink_sheet, layout, padded, plot_text
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

JUDGEMENT = """
The best settings and the defaults on {seeds} seeds that the search did not use, so that settings that were lucky in the search
have no advantage here. Both get the same shoppers, so the differences are paired; their {claims} together with 95 %.
"""
SETTINGS = """
<b>Importance</b> is the share of an option in the difference between the best quarter of the trials and all trials (PED-ANOVA).
It describes this search only, and is inaccurate if there are few trials.
"""
HISTORY = """
Each dot is a trial on the seeds of the search. The line is the best value so far, and the dashed line the value of the defaults.
"""
SLICES = """
The same trials by the value of each option. A flat cloud of dots means that the option matters little in this range.
"""
TRIALS = """
The ten best trials on the seeds of the search. The best of many trials is partly lucky: use the comparison on other seeds to
decide.
"""
SHOWN = 10
METRICS = {"value": "value per slate", "value_per_episode": "value per episode"}
FINISHED, PRUNED = PALETTE[0][0], INK["baseline"][0]


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a search.

    Args:
        result: content of tuning.json, with a best trial.
        path: HTML file to write.

    Raises:
        ValueError: no trial has finished.
    """
    if not result.get("best"):
        raise ValueError("the result contains no finished trial: expected at least one")
    write_text(Path(path), page(result))


def headline(result: Mapping[str, Any]) -> str:
    """The result of the comparison with the defaults on other seeds, in a sentence.

    Args:
        result: content of tuning.json, with a best trial.
    """
    agent, judgement = result["config"]["agent"], result["judgement"]
    if result["best"]["number"] == 0:
        return f"No settings of {agent} were better than the defaults"
    if not judgement:
        return f"The best settings of {agent} are not yet compared with the defaults on other seeds"
    found = Estimate.from_json(judgement["all"])
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        ends = "" if found.interval is None else f" ({_signed(found.low)} to {_signed(found.high)})"
        return f"On other seeds, the best settings of {agent} do not differ significantly from the defaults{ends}"
    word = "more" if found.low > 0 else "less"
    return (
        f"On other seeds, the best settings of {agent} earn {percent(abs(found.mean or 0))} {word} than the defaults "
        f"({_signed(found.low)} to {_signed(found.high)})"
    )


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, frame, best = result["config"], Frame(), result["best"]
    seeds = f"{len(config['seeds'])} seeds of {config['slates']:,} slates"
    setting = f"{len(result['trials'])} trials by {config['sampler']}, each on {seeds} in {', '.join(config['worlds'])}."
    return frame.page(
        title=f"slategym tune: {config['agent']}",
        eyebrow=f"slategym tune · {config['agent']}",
        headline=headline(result),
        summary_sentences=list(result["notes"]),
        setting=setting,
        sections=[
            _judgement(result, frame),
            section(
                "Settings",
                Markup(SETTINGS),
                joined([_settings(result), part("command", _texts(best))]),
            ),
            section("History", HISTORY, frame.figure(_history(result))),
            section("Slices", SLICES, _slices(result, frame)),
            section("Trials", TRIALS, _trials(result)),
        ],
        configuration=entries({key: each for key, each in config.items() if key != "metrics"}),
        palette=ink_sheet(),
        sheets=("report.css", "audit.css"),
    )


def _texts(best: Mapping[str, Any]) -> str:
    scalarizer = f" --scalarizer {best['scalarizer']}" if best["scalarizer"] else ""
    return f"--agent {best['agent']}{scalarizer}"


def _judgement(result: Mapping[str, Any], frame: Frame) -> str:
    judgement, config = result["judgement"], result["config"]
    if not judgement:
        return ""
    rows = []
    for text, found in judgement["worlds"].items():
        row = {name: Estimate.from_json(found[name]) for name in ("defaults", "best", "difference", "relative")}
        rows.append(
            [
                text,
                Cell(METRICS[found["metric"]]),
                estimate_cell(row["defaults"], 4),
                estimate_cell(row["best"], 4),
                estimate_cell(row["difference"], 4),
                percent_cell(row["relative"]),
            ]
        )
    everywhere = Estimate.from_json(judgement["all"])
    if len(rows) > 1:
        rows.append(["all worlds", Cell("mean of the shares"), Cell(""), Cell(""), Cell(""), percent_cell(everywhere)])
    claims = "interval holds" if judgement["claims"] == 1 else f"{judgement['claims']} intervals hold"
    reading = Markup(JUDGEMENT).format(seeds=len(config["judge_seeds"]), claims=claims)
    heads = ["world", "metric", "defaults", "best settings", "difference", "difference, % of the defaults"]
    content = table(heads, rows, id="judgement") + frame.figure(_forest(judgement))
    return section("Comparison on other seeds", reading, content)


def _forest(judgement: Mapping[str, Any]) -> Plot:
    rows = {text: Estimate.from_json(found["relative"]) for text, found in reversed(judgement["worlds"].items())}
    if len(rows) > 1:
        rows = {"all worlds": Estimate.from_json(judgement["all"]), **rows}
    traces, ends = [], []
    for place, (text, estimate) in enumerate(rows.items()):
        shown = Estimate(*(None if each is None else 100 * each for each in (estimate.mean, estimate.low, estimate.high)))
        ends += shown.known
        colour = INK["ink"][0] if text == "all worlds" else FINISHED
        traces.append(
            go.Scatter(
                name=plot_text(text),
                x=[shown.mean],
                y=[place],
                error_x=error_bars([shown], colour),
                mode="markers",
                marker={"size": 11, "color": colour, "symbol": "diamond" if text == "all worlds" else "circle"},
                hovertemplate=f"<b>{plot_text(text)}</b><br>%{{x:.2f}} %<extra></extra>",
            )
        )
    title = "best settings minus defaults, % of the defaults"
    return Plot("judgement-plot", traces, forest_layout([plot_text(row) for row in rows], ends, title, 60 + 40 * len(rows), 7))


def _settings(result: Mapping[str, Any]) -> Markup:
    best, defaults, importance = result["best"]["settings"], result["defaults"], result["importance"]
    rows = [
        [name, str(defaults[name]), str(best.get(name, defaults[name])), text, percent(importance.get(name))]
        for name, text in result["config"]["ranges"].items()
    ]
    return table(["option", "default", "best settings", "range", "importance"], rows, id="settings")


def _finished(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [trial for trial in result["trials"] if trial["value"] is not None]


def _history(result: Mapping[str, Any]) -> Plot:
    finished = _finished(result)
    default = finished[0]["value"] if finished[0]["number"] == 0 else None
    numbers, values = [trial["number"] for trial in finished], [trial["value"] for trial in finished]
    pruned = [trial["number"] for trial in result["trials"] if trial["state"] == "pruned"]
    traces = [_dots("trial", finished, numbers, result)]
    if pruned:
        traces.append(
            go.Scatter(
                name="stopped early",
                x=pruned,
                y=[min(values)] * len(pruned),
                mode="markers",
                marker={"size": 9, "color": PRUNED, "symbol": "x-thin", "line": {"width": 2, "color": PRUNED}},
                hovertemplate="trial %{x} stopped early<extra></extra>",
            )
        )
    line = {"color": FINISHED, "width": 2, "shape": "hv"}
    traces.append(
        go.Scatter(name="best so far", x=numbers, y=list(accumulate(values, max)), mode="lines", line=line, hoverinfo="skip")
    )
    if default is not None:
        dashed = {"color": INK["ink"][0], "width": 1.5, "dash": "dash"}
        ends = [0, max(trial["number"] for trial in result["trials"])]
        traces.append(go.Scatter(name="defaults", x=ends, y=[default] * 2, mode="lines", line=dashed, hoverinfo="skip"))
    look = layout(360, 10, 50, xaxis=axis("trial"), yaxis=axis(_unit(result), range=padded(values, 0.08)))
    return Plot("history", traces, look)


def _unit(result: Mapping[str, Any]) -> str:
    worlds = result["config"]["worlds"]
    return "value relative to the defaults" if len(worlds) > 1 else METRICS[result["config"]["metrics"][worlds[0]]]


def _dots(name: str, trials: Sequence[Mapping[str, Any]], x: Sequence[Any], result: Mapping[str, Any]) -> go.Scatter:
    best = result["best"]["number"]
    told = [_told(trial) for trial in trials]
    return go.Scatter(
        name=name,
        x=list(x),
        y=[trial["value"] for trial in trials],
        text=told,
        mode="markers",
        marker={
            "size": [13 if trial["number"] == best else 8 for trial in trials],
            "symbol": ["star" if trial["number"] == best else "circle" for trial in trials],
            "color": [INK["ink"][0] if trial["number"] == 0 else FINISHED for trial in trials],
            "opacity": 0.85,
        },
        hovertemplate="%{text}<br>value %{y:.4f}<extra></extra>",
    )


def _told(trial: Mapping[str, Any]) -> str:
    if trial["number"] == 0:
        return "defaults"
    settings = "<br>".join(plot_text(f"{name} = {value}") for name, value in trial["settings"].items())
    return f"<b>trial {trial['number']}</b><br>{settings}"


def _slices(result: Mapping[str, Any], frame: Frame) -> Markup:
    plots = []
    finished = _finished(result)
    for place, (name, text) in enumerate(result["config"]["ranges"].items()):
        values = [trial["settings"].get(name, result["defaults"][name]) for trial in finished]
        between = ".." in text
        shown = values if between else [plot_text(str(value)) for value in values]
        look = layout(
            280,
            10,
            50,
            xaxis=axis(name, type="log" if text.endswith(":log") else "linear" if between else "category"),
            yaxis=axis(_unit(result), range=padded([trial["value"] for trial in finished], 0.08)),
        )
        plots.append(Plot(f"slice-{place}", [_dots(name, finished, shown, result)], look))
    pairs = [plots[start : start + 2] for start in range(0, len(plots), 2)]
    return joined(frame.halves(*pair) if len(pair) == 2 else frame.figure(pair[0]) for pair in pairs)


def _trials(result: Mapping[str, Any]) -> Markup:
    names = list(result["config"]["ranges"])
    ordered = sorted(_finished(result), key=lambda trial: -trial["value"])[:SHOWN]
    rows = [
        [
            "defaults" if trial["number"] == 0 else str(trial["number"]),
            number(trial["value"], 4),
            *(str(trial["settings"].get(name, result["defaults"][name])) for name in names),
        ]
        for trial in ordered
    ]
    return table(["trial", "value", *names], rows, id="trials")


def _signed(share: float | None) -> str:
    return "–" if share is None else f"{number(100 * share, 1, signed=True)} %"
