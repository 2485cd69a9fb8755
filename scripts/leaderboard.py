"""The command `slategym leaderboard`: compares agents on several worlds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, said_of, store_in, workers_of
from slategym.scripts.common.terminal import console, mistakes, start, table

GAP = 3  # characters between columns


@configured
def leaderboard(
    context: typer.Context,
    tier: Annotated[
        str,
        typer.Option(
            help="Size of the comparison. quick: 200,000 slates and 5 seeds in one world of each kind (about half an hour on two "
            "cores); full: a million slates and 10 seeds in all worlds.",
            metavar="quick|full",
        ),
    ] = "quick",
    agents: options.Agents = None,
    worlds: Annotated[
        list[str] | None,
        typer.Option(
            "--world",
            help="World; repeatable (default: one of each kind for quick, all for full).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.worlds,
        ),
    ] = None,
    out: options.Out = None,
    processes: options.Processes = None,
    cluster: options.Cluster = None,
    checkpoint_every: options.CheckpointEvery = 120.0,
    force: options.Force = False,
) -> None:
    """Compare agents on several worlds.

    Runs a benchmark in every world. Prints the interquartile mean of each agent's scores over all worlds, with a 95 % interval,
    and the mean score in each world. A score is the value as a share of the value of the best slates given the observation.
    Writes OUT/leaderboard.json and OUT/leaderboard.html, and a page for each world. An interrupted command continues if you run
    it again.
    """
    from slategym.bench.comparison.compare import DEFAULT_AGENTS
    from slategym.bench.comparison.leaderboard import TIERS, TierName, plan_leaderboard
    from slategym.bench.reports.leaderboard import write_page

    with mistakes():
        options.read_word("--tier", tier, get_args(TierName))
        names = worlds or list(TIERS[cast("TierName", tier)].worlds)
        for name in names:
            shop, _ = options.read_world(name)
            options.read_agents(agents or list(DEFAULT_AGENTS), shop)
        planned = plan_leaderboard(cast("TierName", tier), agents or list(DEFAULT_AGENTS), names, kept=True)
        folder = folder_of(context, out or f"runs/leaderboard-{tier}", "leaderboard.json", force, planned.config)
        store = store_in(folder, checkpoint_every, force)
        workers = workers_of(context, processes, cluster)
    config = planned.config
    typer.echo(
        f"{len(config['agents'])} agents x {len(names)} worlds x {config['seeds']} seeds x {config['slates']:,} slates, "
        f"{said_of(workers)}"
    )
    run_and_report(
        context,
        planned,
        folder,
        store,
        processes=workers,
        what="leaderboard",
        slates=planned.size,
        numbers="leaderboard.json",
        page="leaderboard.html",
        some=lambda result: bool(result["agents"]),
        show=print_scores,
        write=lambda result, page: _write(write_page, result, page),
        worlds=[comparison.world for comparison in planned.comparisons.values()],
    )


def _write(write_page: Any, result: Mapping[str, Any], path: Path) -> None:
    """Write the page of the leaderboard, and a page for each world."""
    from slategym.bench.reports.benchmark import write_report

    write_page(result, path)
    for world, found in result["results"].items():
        if found["agents"]:
            plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in world)
            write_report(found, path.with_name(f"{plain}.html"))


def print_scores(result: Mapping[str, Any]) -> None:
    """Print the agents, the best first, with their scores over all worlds and in each world.

    Args:
        result: content of leaderboard.json.
    """
    from slategym.bench.reports.leaderboard import headline

    worlds, agents, screen = result["worlds"], result["agents"], console()
    lines = table("agent", "score", "95 % interval")
    for name, agent in agents.items():
        score = agent["score"]
        ends = "" if score["low"] is None else f"{score['low']:.3f} to {score['high']:.3f}"
        lines.add_row(name, f"{score['mean']:.3f}", ends)
    screen.print(lines)
    for names in _that_fit(list(agents), screen.width - max(map(len, worlds))):
        lines = table("score in world", *names)
        for world, found in worlds.items():
            means = (found["agents"].get(name) for name in names)
            lines.add_row(world, *("–" if mean is None else f"{mean:.3f}" for mean in means))
        screen.print()
        screen.print(lines)
    screen.print(f"{headline(result)}.")
    screen.print("A score is the value as a share of the value of the best slates given the observation.")
    for note in result["notes"]:
        screen.print(note)


def _that_fit(names: list[str], width: int) -> list[list[str]]:
    """Names in groups, so that a table with a column for each name of a group fits the width."""
    groups: list[list[str]] = [[]]
    for name in names:
        if groups[-1] and sum(len(each) + GAP for each in (*groups[-1], name)) > width:
            groups.append([])
        groups[-1].append(name)
    return groups


if __name__ == "__main__":
    start(leaderboard)
