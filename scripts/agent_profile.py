"""The command `slategym profile`: an agent on eight small tasks. A file profile.py would hide Python's module of that name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, store_in
from slategym.scripts.common.terminal import console, mistakes, start, table


@configured
def profile(
    context: typer.Context,
    agent: Annotated[
        str,
        typer.Argument(
            help="Agent: lin-ts, lin-ts:alpha=0.1, my_agent.py:Mine or sb3:model.zip (runs its code).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
            show_default=False,
        ),
    ],
    references: Annotated[
        list[str] | None,
        typer.Option(
            "--reference",
            help="Agent to compare with; repeatable, or none (default: random, popularity, lin-ts, logistic-ts and oracle).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", help="Task: exploration, drift, ...; repeatable (default: all eight).", metavar="NAME"),
    ] = None,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    force: options.Force = False,
) -> None:
    """Profile an agent on eight small tasks.

    The tasks are exploration, a large catalogue, cold start, drift, delayed conversions, satiation, the value of an episode and a
    trade-off, each at three levels of difficulty. A score of 0 is that of random slates, and 1 that of the best policy, whose
    value is known exactly. Prints the scores next to those of reference agents, with 95 % intervals over the seeds, and writes
    OUT/profile.json and OUT/profile.html. An interrupted profile continues if you run the same command again; finished runs are
    kept in OUT/runs.
    """
    from slategym.bench.jobs.run_jobs import cores
    from slategym.bench.profiles.profile import DEFAULT_REFERENCES, plan_profile
    from slategym.bench.reports.profiles.page import write_page

    with mistakes():
        beside = [] if references == ["none"] else references or list(DEFAULT_REFERENCES)
        planned = plan_profile(agent, references=beside, tasks=tasks, seeds=seeds, kept=True)
        name = agent.partition(":")[0] if ".py" not in agent else "own"
        folder = folder_of(context, out or f"runs/profile-{name}", "profile.json", force, planned.config)
        store = store_in(folder, 0, force)
    chosen, beside = planned.config["tasks"], planned.config["references"]
    typer.echo(
        f"{agent}: {len(chosen)} tasks x 3 levels x {seeds} seeds, {len(beside)} references\n"
        f"{len(planned.runs)} runs of {planned.size // len(planned.runs):,} slates, {processes or cores()} processes"
    )
    run_and_report(
        context,
        planned,
        folder,
        store,
        processes=processes,
        what="profile",
        slates=planned.size,
        numbers="profile.json",
        page="profile.html",
        some=lambda result: bool(result["agents"][result["config"]["agent"]]["tasks"]),
        show=print_profile,
        write=write_page,
    )


def print_profile(result: Mapping[str, Any]) -> None:
    """Print the scores of all agents, and the strengths and weaknesses of the profiled agent.

    Args:
        result: content of profile.json.
    """
    from slategym.bench.format import ends, number
    from slategym.bench.reports.profiles.summary import headline, sentences
    from slategym.bench.statistics import Estimate

    screen, names, agent = console(), list(result["agents"]), result["config"]["agent"]
    lines = table("task", agent, "95 % interval", *names[1:])
    lines.collapse_padding = True
    rows = {task: [result["agents"][name]["tasks"].get(task, {}).get("score") for name in names] for task in result["tasks"]}
    rows["mean"] = [result["agents"][name]["score"] for name in names]
    for task, scores in rows.items():
        first, *others = (Estimate.from_json(score) for score in scores)
        lines.add_row(task, number(first.mean, 2), ends(first, 2), *(number(other.mean, 2) for other in others))
    screen.print(lines)
    screen.print("Scores: 0 for random slates, 1 for the best policy. Intervals are over seeds.")
    screen.print(f"\n{headline(result)}.")
    for sentence in (*sentences(result), *result["notes"]):
        screen.print(sentence)


if __name__ == "__main__":
    start(profile)
