"""The command `slategym experiment`: how large an online test of two agents must be, and what it would find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, store_in
from slategym.scripts.common.terminal import console, mistakes, start, table

AGENT = {"metavar": "NAME[:OPTION=VALUE,...]"}


@configured
def experiment(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help="Agent in use.", autocompletion=completion.agents, **AGENT)],
    b: Annotated[str, typer.Argument(help="New agent.", autocompletion=completion.agents, **AGENT)],
    world: options.World = "Shop-v0",
    traffic: Annotated[str, typer.Option(help="Shares of shoppers assigned to A and B.", metavar="A/B")] = "50/50",
    detect: Annotated[str, typer.Option(help="Difference to detect, in percent of A's mean.", metavar="PERCENT")] = "2%",
    power: Annotated[str, typer.Option(help="Probability of detecting it.", metavar="PERCENT")] = "80%",
    per_day: Annotated[int, options.count("New shoppers per day.")] = 1000,
    slates: options.Slates = 200_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    shoppers: options.Shoppers = 1000,
    objectives: options.Objectives = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    checkpoint_every: options.CheckpointEvery = 120.0,
    force: options.Force = False,
) -> None:
    """Plan an online test of two agents.

    Shows for each objective how many shoppers and days a test needs (one visit per day), and checks the test's power and its rate
    of false decisions by simulation. Then runs both agents at the same time, each learning from its own shoppers or from all
    shoppers, or in turns, and compares the result of such a test with the true difference. Writes OUT/experiment.json and
    OUT/experiment.html. An interrupted experiment continues if you run the same command again.
    """
    from slategym.bench.experiments.experiment import plan_experiment
    from slategym.bench.jobs.run_jobs import cores
    from slategym.bench.reports.experiment import write_page

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, objectives)
        for name in (a, b):
            options.check_agent(name, shop)
        planned = plan_experiment(
            shop,
            (a, b),
            slates=slates,
            seeds=seeds,
            shoppers=shoppers,
            share=read_traffic(traffic),
            detect=options.read_share("--detect", detect),
            power=options.read_share("--power", power),
            per_day=per_day,
            options=given,
            kept=True,
        )
        folder = folder_of(context, out or f"runs/{shop.name}-experiment", "experiment.json", force, planned.config)
        store = store_in(folder, checkpoint_every, force)
    typer.echo(f"{a} and {b}: 5 designs x {seeds} seeds x {slates:,} slates in {shop.name}, {processes or cores()} processes")
    run_and_report(
        context,
        planned,
        folder,
        store,
        processes=processes,
        what="experiment",
        slates=planned.size,
        numbers="experiment.json",
        page="experiment.html",
        some=lambda result: bool(result["plan"]),
        show=print_experiment,
        write=write_page,
        worlds=[shop],
    )


def read_traffic(text: str) -> float:
    """The second agent's share of the shoppers, from a text such as 50/50 or 9/1.

    Args:
        text: the parts of both agents.

    Raises:
        ValueError: it is not two numbers above 0.
    """
    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError:
        parts = []
    if len(parts) != 2 or not all(0 < part < 1e9 for part in parts):
        raise ValueError(f"--traffic is {text!r}: expected the shares of A and B, such as 50/50")
    return parts[1] / sum(parts)


def print_experiment(result: Mapping[str, Any]) -> None:
    """Print the size that a test needs, and the difference that each design finds.

    Args:
        result: content of experiment.json.
    """
    screen, config = console(), result["config"]
    detect = 100 * config["detect"]
    heads = ("objective, per shopper", "mean of A", "mean of B", "shoppers", "days", "power", "false\ndecisions", "by slate")
    lines = table(*(head.replace(" of ", "\nof ").replace(", ", ",\n") for head in heads))
    lines.collapse_padding = True
    for name, row in result["plan"].items():
        checked = row["checked"] or {}
        needed = ("never" if row[part] is None else f"{row[part]:,}" for part in ("shoppers", "days"))
        rates = (
            "–" if checked.get(rate) is None else f"{100 * checked[rate]:.1f} %" for rate in ("power", "false", "false_per_slate")
        )
        lines.add_row(name, f"{row['mean_a']:.4g}", f"{row['mean_b']:.4g}", *needed, *rates)
    screen.print(f"\nTo detect a difference of {detect:g} % of A's mean with a power of {100 * config['power']:g} %:")
    screen.print(lines)
    screen.print(
        "Power and rate of false decisions in 1,000 simulated tests; by slate: the rate of false decisions if slates are wrongly "
        "treated as independent.\n\nDifference B minus A, in % of A:"
    )
    lines = table("design", *result["plan"])
    for design, found in {"truth": result["truth"], **result["designs"]}.items():
        lines.add_row(design, *(_percent(found[name]) for name in result["plan"]))
    screen.print(lines)
    for note in result["notes"]:
        screen.print(note)


def _percent(estimate: Mapping[str, float | None]) -> str:
    mean, low, high = (estimate[part] for part in ("mean", "low", "high"))
    if mean is None:
        return "–"
    return f"{100 * mean:.1f}" + ("" if low is None or high is None else f"\n{100 * low:.1f} to {100 * high:.1f}")


if __name__ == "__main__":
    start(experiment)
