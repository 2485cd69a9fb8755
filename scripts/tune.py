"""The command `slategym tune`: searches the best settings of an agent or a scalarizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast, get_args

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, said_of, store_in, workers_of
from slategym.scripts.common.terminal import console, mistakes, start, table
from slategym.utils.ranges import Seed, SeedCount

WORLD = {"metavar": "NAME[:OPTION=VALUE,...]", "autocompletion": completion.worlds}


@configured
def tune(
    context: typer.Context,
    agent: Annotated[
        str,
        typer.Option(
            help="Agent to tune; options given here stay fixed: lin-ts, lin-ts:ridge=2, my_agent.py:Mine.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ],
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            help="Values to search: alpha=0.01..3:log, alpha=0..1, passes=1,2,3, scalarizer.rate=1..20; repeatable. Only these "
            "options are then searched (default: all options that declare a range).",
            metavar="OPTION=VALUES",
        ),
    ] = None,
    world: Annotated[
        list[str] | None, typer.Option(help="World of the trials; repeatable (default: ShopBandit-v0).", **WORLD)
    ] = None,
    judge_world: Annotated[
        list[str] | None,
        typer.Option(help="World in which the best settings are tested; repeatable (default: those of the trials).", **WORLD),
    ] = None,
    scalarizer: Annotated[
        str | None,
        typer.Option(
            help="Scalarizer that the agent optimises instead of fixed weights.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.scalarizers,
        ),
    ] = None,
    search: Annotated[
        str, typer.Option(help="Whose options to search, if there is no --range.", metavar="agent|scalarizer|both")
    ] = "agent",
    sampler: Annotated[
        str,
        typer.Option(
            help="Search method: grid, random, tpe, gp or evolutionary; options as in grid:points=5, tpe:startup=10.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.samplers,
        ),
    ] = "tpe",
    prune: Annotated[
        str,
        typer.Option(
            help="Stop trials early that earn less than others at the same point: median, percentile:percentile=25.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.pruners,
        ),
    ] = "",
    trials: Annotated[int, options.count("Number of settings to try, in addition to the defaults.")] = 30,
    batch: Annotated[int, options.count("Trials chosen together, which can run in parallel; the results depend on it.")] = 4,
    seed: Annotated[int, options.count("Random seed of the search method.", Seed)] = 0,
    seeds: Annotated[int, options.count("Number of seeds per trial; all trials use the same seeds.", SeedCount)] = 3,
    judge_seeds: Annotated[int, options.count("Number of other seeds, on which the best settings are tested.", SeedCount)] = 10,
    slates: options.Slates = 20_000,
    shoppers: options.Shoppers = 1000,
    rank_by: Annotated[
        str | None,
        typer.Option(
            help="Maximise value per episode or per slate (default: per episode if shoppers may leave).", metavar="episode|slate"
        ),
    ] = None,
    out: options.Out = None,
    processes: options.Processes = None,
    cluster: options.Cluster = None,
    force: options.Force = False,
) -> None:
    """Search the best settings of an agent or a scalarizer.

    All trials run on the same seeds. The best settings are then compared with the defaults on other seeds, with an interval.
    Writes OUT/tuning.json and OUT/tuning.html. The results do not depend on the number of processes. An interrupted search
    continues if you run the same command again. Needs pip install "slategym[tune]".
    """
    from slategym.bench.comparison.compare import Ranking
    from slategym.bench.reports.tuning import write_page
    from slategym.bench.tuning.search import plan_search
    from slategym.bench.tuning.space import Subject

    with mistakes():
        options.read_word("--search", search, get_args(Subject))
        if rank_by is not None:
            options.read_word("--rank-by", rank_by, get_args(Ranking))
        planned = plan_search(
            world or ["ShopBandit-v0"],
            agent,
            scalarizer=scalarizer,
            ranges=ranges or (),
            search=cast("Subject", search),
            judge_worlds=judge_world or (),
            sampler=sampler,
            prune=prune,
            trials=trials,
            batch=batch,
            seed=seed,
            seeds=seeds,
            judge_seeds=judge_seeds,
            slates=slates,
            shoppers=shoppers,
            rank_by=cast("Ranking | None", rank_by),
            kept=True,
        )
        name = agent.partition(":")[0].replace("/", "-")
        folder = folder_of(context, out or f"runs/tune-{name}", "tuning.json", force, planned.config)
        store = store_in(folder, 0, force)
        workers = workers_of(context, processes, cluster)
    count = len(planned.config["worlds"]) * seeds
    searched = ", ".join(f"{option}={text}" for option, text in planned.config["ranges"].items())
    typer.echo(
        f"{agent}: {planned.config['trials']} settings and the defaults x {count} runs x {slates:,} slates by {sampler}, "
        f"{said_of(workers)}\n{searched}"
    )
    run_and_report(
        context,
        planned,
        folder,
        store,
        processes=workers,
        what=f"tune {agent}",
        slates=planned.size,
        numbers="tuning.json",
        page="tuning.html",
        some=lambda result: bool(result["best"]),
        show=print_search,
        write=write_page,
        worlds=[place.world for place in planned.places],
    )


def print_search(result: Mapping[str, Any]) -> None:
    """Print the best settings and their comparison with the defaults.

    Args:
        result: content of tuning.json, with a best trial.
    """
    from slategym.bench.reports.tuning import headline

    screen, best = console(), result["best"]
    lines = table("option", "default", "best settings", "range", "importance")
    for name, text in result["config"]["ranges"].items():
        share = result["importance"].get(name)
        value = best["settings"].get(name, result["defaults"][name])
        lines.add_row(name, str(result["defaults"][name]), str(value), text, "–" if share is None else f"{100 * share:.0f} %")
    screen.print(lines)
    screen.print(f"\n{best['agent']}" + (f" with {best['scalarizer']}" if best["scalarizer"] else ""))
    judgement = result["judgement"]
    if judgement:
        screen.print("\nOn other seeds:")
        lines = table("world", "defaults", "best settings", "difference", "95 % interval")
        for text, found in judgement["worlds"].items():
            difference = found["difference"]
            means = (f"{found[name]['mean']:.4f}" for name in ("defaults", "best"))
            lines.add_row(text, *means, f"{difference['mean']:+.4f}", _ends(difference))
        screen.print(lines)
    screen.print(f"{headline(result)}.")
    for note in result["notes"]:
        screen.print(note)


def _ends(estimate: Mapping[str, float | None]) -> str:
    low, high = estimate["low"], estimate["high"]
    return "–" if low is None or high is None else f"{low:+.4f} to {high:+.4f}"


if __name__ == "__main__":
    start(tune)
