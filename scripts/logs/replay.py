"""The command `slategym replay`: replays agents on a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.following import following, needs_folder
from slategym.scripts.common.runs import folder_of
from slategym.scripts.common.terminal import console, mistakes, progress, start, table, write_page, writing
from slategym.utils.ranges import Positive, Seed, ShopperCount, SlateSize

DEFAULT = ("random", "popularity", "epsilon-greedy", "lin-ts")


@configured
def replay(
    context: typer.Context,
    log: options.LogFile,
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            help=f"Agent to replay; repeatable (default: {', '.join(DEFAULT)}).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    world: options.FittedWorld = None,
    ranks: Annotated[int | None, options.count("Use only the first N ranks of each slate (default: all).", SlateSize)] = None,
    weights: options.Weights = None,
    floor: Annotated[
        float | None,
        options.amount("Matches with a propensity p above N are accepted with probability N/p (default: lowest p).", Positive),
    ] = None,
    draws: Annotated[int, options.count("Draws used to estimate propensities that an agent cannot compute.")] = 200,
    shoppers: Annotated[int, options.count("Slates per step, in a log of impressions.", ShopperCount)] = 1000,
    seed: Annotated[int, options.count("Random seed of the agents.", Seed)] = 0,
    trust: Annotated[bool, typer.Option("--trust", help="Run the files named in the log, such as my_shop.py.")] = False,
    out: Annotated[Path | None, typer.Option(help="Output folder for replay.json and replay.html.", metavar="FOLDER")] = None,
    force: options.Force = False,
) -> None:
    """Replay agents on a log, to estimate their online value.

    Estimates in two ways what agents would have earned while they learn. By rejection, an agent learns only from the logged
    slates that it would have shown itself, and earns their rewards; this is correct if the slates of the log were drawn at random
    with known propensities. Off-policy, an agent learns from all slates, and each of its policies on the way is evaluated on
    slates that it has not learned from yet, weighted by propensities.
    """
    from slategym import __version__
    from slategym.bench.replay.logged import fingerprint_of, load_steps
    from slategym.bench.replay.replay import replay_agents
    from slategym.bench.reports.off_policy.replay import write_page as write
    from slategym.utils.storage.files import write_json

    names = agents or list(DEFAULT)
    with mistakes():
        needs_folder(context)
        logged = load_steps(log, columns, encoding=encoding, world=world, ranks=ranks, rows=shoppers, trust=trust)
        given = options.weights_of(weights, logged.problem.objective_names, logged.problem.weights)
        config = {
            **{"log": str(log), "columns": columns, "world": world, "ranks": logged.problem.slate_size, "agents": names},
            **{"weights": list(given), "floor": floor, "draws": draws, "seed": seed},
        }
        config["fingerprint"] = fingerprint_of(logged, names, config)
        folder = folder_of(context, out, "replay.json", force, config) if out else None
    size = 2 * len(names) * logged.slates
    with following(context, folder, "replay", config, size) as follow:
        with mistakes(), progress("replay", size) as advance:
            told = follow.progress(advance)
            result = replay_agents(logged, names, weights=given, floor=floor, draws=draws, seed=seed, progress=told)
        result = {"command": command_line(context), "version": __version__, "config": config, **result}
        print_replay(result)
        if folder:
            with writing():
                write_json(folder / "replay.json", result)
            write_page(write, result, folder / "replay.html", folder / "replay.json")
            typer.echo(f"\npage     {folder / 'replay.html'}\nnumbers  {folder / 'replay.json'}")
            files = [folder / name for name in (CONFIGURATION, "replay.json", "replay.html")]
            follow.finish({"status": "finished", **result}, files, folder / "replay.html")


def print_replay(result: Mapping[str, Any]) -> None:
    """Print the values of the agents, estimated in both ways.

    Args:
        result: content of replay.json.
    """
    from slategym.bench.reports.off_policy.replay import headline, off_policy_of, sentences, value_text

    lines = table("agent", "accepted\nslates", "value by\nrejection", "off-policy\nestimate", "effective\nsample\nsize")
    for name, found in result["agents"].items():
        accepted, weighted = found["accepted"], off_policy_of(found)
        size = "–" if weighted is None else f"{weighted['effective_size']:,.0f}"
        value = "–" if weighted is None else value_text(weighted["utility"])
        lines.add_row(name, f"{accepted['slates']:,}", value_text(accepted["utility"]), value, size)
    console().print(lines)
    typer.echo(f"\n{headline(result)}.")
    for sentence in sentences(result):
        typer.echo(sentence)


if __name__ == "__main__":
    start(replay)
