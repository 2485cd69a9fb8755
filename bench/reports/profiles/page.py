"""The page of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.format import ends, number
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, joined, part, section, table
from slategym.bench.reports.profiles.plots import dial, radar
from slategym.bench.reports.profiles.summary import headline, sentences
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

SCORES = """
A score is (value − value of random slates) / (value of the best policy − value of random slates): <b>0</b> for random slates,
<b>1</b> for the best policy, whose value is known exactly, and negative if an agent is worse than random (drawn at 0 in the radar
plot). It is the mean over the three levels of a task and over the whole run, including the learning phase. The 95 % interval over
seeds is below each score.
"""
DIALS = """
Each task at three settings of its dial, from easy to hard. All agents get the same shoppers. The bars are the 95 % intervals of
{agent} over seeds.
"""
MEANING = "What each task tests, the score of {agent}, and what a low score means."
PAIRS = """
The score of {agent} minus that of each reference, with the same seeds. An asterisk marks significant differences, by a paired
t-test with Holm's correction for all pairs of agents within a task; the intervals are corrected in the same way.
"""
KNOWN = """
The exact values of random slates and of the best policy at each level. They are weighted objectives per slate, or per episode in
satiation and episode-value; in trade-off they are the utility of the goal. The fingerprint changes if anything in a level does.
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a profile.

    Args:
        result: content of profile.json, with at least one task that the agent finished.
        path: HTML file to write.

    Raises:
        ValueError: the agent finished no task.
    """
    if not result["agents"][result["config"]["agent"]]["tasks"]:
        raise ValueError("the agent finished no task: expected all levels of at least one, with at least one seed")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    config, frame = result["config"], Frame()
    agent, agents = config["agent"], [config["agent"], *config["references"]]
    style = Style(Findings({"agents": dict.fromkeys(agents), "config": config}))
    legend = part("legend", [part("agent", name, style) for name in agents], always=True)
    scores = joined([legend, frame.figure(radar(result, style)), _scores(result, agents, style)])
    plots = [dial(result, style, task) for task in result["tasks"]]
    pairs = [frame.halves(plots[at], plots[at + 1] if at + 1 < len(plots) else None) for at in range(0, len(plots), 2)]
    compared = section("Comparison with the references", Markup(PAIRS).format(agent=agent), _differences(result))
    return frame.page(
        title=f"Profile of {agent}",
        eyebrow="slategym profile",
        headline=headline(result),
        summary_sentences=[*sentences(result), *(result.get("notes") or [])],
        setting=(
            f"{agent} and {len(config['references'])} references on {len(result['tasks'])} tasks with three levels, "
            f"{len(config['seeds'])} seeds each."
        ),
        sections=[
            section("Scores", Markup(SCORES), scores),
            section("Scores by level", Markup(DIALS).format(agent=agent), joined([legend, *pairs])),
            section("What the tasks test", MEANING.format(agent=agent), _meaning(result)),
            compared if config["references"] else "",
            section("Levels", Markup(KNOWN), _known(result)),
        ],
        configuration=entries({key: each for key, each in config.items() if key != "frozen"}),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def _scores(result: Mapping[str, Any], agents: list[str], style: Style) -> Markup:
    rows: list[list[Any]] = []
    for task in result["tasks"]:
        found = (result["agents"][name]["tasks"].get(task, {}).get("score") for name in agents)
        rows.append([task, *(estimate_cell(Estimate.from_json(score), 2) for score in found)])
    rows.append(["mean", *(estimate_cell(Estimate.from_json(result["agents"][name]["score"]), 2) for name in agents)])
    return table(["task", *(part("agent", name, style) for name in agents)], rows, id="scores", kind="scored")


def _meaning(result: Mapping[str, Any]) -> Markup:
    told = []
    for task, about in result["tasks"].items():
        score = result["agents"][result["config"]["agent"]]["tasks"].get(task, {}).get("score")
        head = f"{task}, {number(Estimate.from_json(score).mean, 2)}"
        told.append((head, f"{about['asks']} If the score is low: {about['low']}"))
    return part("entries", told)


def _differences(result: Mapping[str, Any]) -> Markup:
    references = result["config"]["references"]
    rows = []
    for task, found in result["differences"].items():
        cells = []
        for name in references:
            each = found.get(name)
            estimate = Estimate.from_json(each["difference"]) if each else Estimate(None)
            mark = " *" if each and each["apart"] else ""
            cells.append(Cell(f"{number(estimate.mean, 2, signed=True)}{mark}", below=ends(estimate, 2)))
        rows.append([task, *cells])
    return table(["task", *references], rows, id="differences")


def _known(result: Mapping[str, Any]) -> Markup:
    rows = []
    for task, about in result["tasks"].items():
        for level, frozen in zip(about["levels"], result["config"]["frozen"][task], strict=True):
            known = (number(level[name], 3) for name in ("random", "best"))
            rows.append([f"{task}, {about['dial']}: {level['setting']:g}", f"{level['slates']:,}", *known, frozen])
    return table(["level", "slates", "value of random slates", "value of the best policy", "fingerprint"], rows, id="levels")
