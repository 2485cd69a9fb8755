"""The command `slategym estimators`: how accurate off-policy estimators are in a world where the true values are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from slategym.scripts.common import options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, store_in
from slategym.scripts.common.terminal import console, mistakes, start, table
from slategym.utils.integers import whole
from slategym.utils.ranges import Seed


@configured
def estimators(
    context: typer.Context,
    world: options.World = "ShopBandit-v0",
    sizes: Annotated[
        list[str] | None,
        typer.Option("--size", help="Rounds per log; repeatable (default: 1,000, 4,000 and 16,000).", metavar="N"),
    ] = None,
    replications: Annotated[int, options.count("Number of logs for each size and logging policy.")] = 200,
    items: Annotated[int, options.count("Items that policies choose from: those with the highest values; at most 14.")] = 10,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="What policies choose: single items (actions), slates item by item (slates), or slates with independent ranks "
            "(product); repeatable (default: all).",
            metavar="actions|slates|product",
        ),
    ] = None,
    logging: Annotated[
        list[str] | None,
        typer.Option(
            "--logging",
            help="Logging policy: near (similar to the evaluated policy), uniform, popular (prefers popular items) or opposite; "
            "repeatable (default: all).",
            metavar="near|uniform|popular|opposite",
        ),
    ] = None,
    seed: Annotated[int, options.count("Random seed of the shoppers and the logs.", Seed)] = 0,
    out: options.Out = None,
    processes: options.Processes = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    force: options.Force = False,
) -> None:
    """Study off-policy estimators where true values are known.

    Draws many logs with policies that are similar to the evaluated policy, and policies that differ from it. Shows the bias and
    error of each estimator, how often its intervals contain the true value, where it fails, and which estimator to use. Writes
    OUT/estimators.json and OUT/estimators.html. An interrupted study continues if you run the same command again.
    """
    from slategym.bench.jobs.run_jobs import cores
    from slategym.bench.off_policy.study.setting import KINDS, LOGGING
    from slategym.bench.off_policy.study.study import SIZES, plan_study
    from slategym.bench.reports.off_policy.study import write_page

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, None)
        planned = plan_study(
            shop,
            sizes=[_size(text) for text in sizes] if sizes else SIZES,
            replications=replications,
            items=items,
            kinds=kinds or list(KINDS),
            logging=logging or list(LOGGING),
            seed=seed,
            options=given,
            kept=True,
        )
        name = f"runs/{shop.name}-estimators"
        folder = folder_of(context, out or name, "estimators.json", force, planned.config)
        store = store_in(folder, 0, force)
    typer.echo(
        f"{len(planned.cells)} combinations x {replications} logs, {planned.size:,} rounds in {shop.name}, "
        f"{processes or cores()} processes"
    )
    run_and_report(
        context,
        planned,
        folder,
        store,
        processes=processes,
        what="estimators",
        slates=planned.size,
        numbers="estimators.json",
        page="estimators.html",
        some=lambda result: bool(result["cells"]),
        show=print_study,
        write=write_page,
    )


def _size(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        raise ValueError(f"--size is {text!r}: expected a whole number from 10 to 10,000,000, such as 1000 or 1e5") from None


def print_study(result: Mapping[str, Any]) -> None:
    """Print error and coverage for each logging policy, for the largest logs, and the advice.

    Args:
        result: content of estimators.json.
    """
    from slategym.bench.off_policy.study.advice import NAMES, short

    screen, config = console(), result["config"]
    largest = max(config["sizes"])
    for kind in config["kinds"]:
        cells = [cell for cell in result["cells"] if (cell["kind"], cell["rounds"]) == (kind, largest)]
        if not cells:
            continue
        heads = (f"{cell['logging']}\n~{cell['effective_size']:,.0f}" for cell in cells)
        screen.print(f"{NAMES[kind][0].upper()}{NAMES[kind][1:]}; error and interval coverage, %:")
        lines = table("estimator", *heads)
        lines.collapse_padding = True
        for name in cells[0]["estimators"]:
            row = []
            for cell in cells:
                found = cell["estimators"][name]
                error = "–" if found["rmse"] is None else f"{100 * found['rmse']:.1f}"
                row.append(f"{error}  {100 * found['coverage']['normal']:.0f}{' !' if found['fails'] else ''}")
            lines.add_row(short(name), *row)
        screen.print(lines)
    screen.print(
        f"Logs of {largest:,} rounds; ~ is their effective sample size. Error: root mean square error in % of the true value. "
        "Interval coverage: share of the logs whose normal 95 % interval contains the true value. !: the error is above 20 %, or "
        "the coverage is significantly below 93 %.\n"
    )
    for sentence in result["advice"]:
        screen.print(f"- {sentence}")


if __name__ == "__main__":
    start(estimators)
