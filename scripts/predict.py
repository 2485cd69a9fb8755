"""The command `slategym predict`: trains and evaluates models of clicks and conversions on a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.scripts.common import completion, options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, store_in
from slategym.scripts.common.terminal import console, fail, mistakes, progress, start, table, writing
from slategym.utils.ranges import Seed, SeedCount, SlateCount

if TYPE_CHECKING:
    from slategym.bench.prediction.prediction import Prediction


@configured
def predict(
    context: typer.Context,
    log: Annotated[
        Path | None,
        typer.Argument(
            help="Log: a CSV or Parquet file, or an output folder of `slategym simulate` (default: a log is made in --world).",
            metavar="[LOG]",
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Model: predictor:mlp, predictor:esmm:hidden=32, logistic-ts, popularity or another agent that estimates clicks "
            "and conversions; repeatable (default: seven models).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(
            help="World in which a log is made, if none is given (default: ShopBandit-v0).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.worlds,
        ),
    ] = None,
    logged_by: Annotated[
        str | None,
        typer.Option(
            help="Agent that makes the log (default: random).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    slates: Annotated[int | None, options.count("Slates in the log that is made (default: 100,000).", SlateCount)] = None,
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    epochs: Annotated[int, options.count("Maximum epochs of a predictor; other agents learn from the log once.")] = 20,
    patience: Annotated[int, options.count("Stop training after N epochs without a lower validation loss.")] = 3,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            help="Also train on a corrupted log and report the loss of quality: missing, outliers, labels, or all; repeatable "
            "(default: none, since each trains every model once more per level).",
            metavar="missing|outliers|labels|all",
        ),
    ] = None,
    levels: Annotated[
        list[str] | None,
        typer.Option("--level", help="Share of values to corrupt; repeatable (default: 5%, 10%, 20%, 40%).", metavar="SHARE"),
    ] = None,
    seed: Annotated[int, options.count("Random seed of the models, of the log that is made and of everything else.", Seed)] = 0,
    seeds: Annotated[int, options.count("Runs (seeds) of each trained model as an agent.", SeedCount)] = 3,
    earn_slates: Annotated[int, options.count("Slates per run as an agent.", SlateCount)] = 20_000,
    shoppers: options.Shoppers = 1000,
    true_slates: Annotated[int, options.count("Random slates on which models are compared with exact probabilities.")] = 5000,
    trust: Annotated[bool, typer.Option("--trust", help="Run the files named in the log, such as my_shop.py.")] = False,
    out: options.Out = None,
    force: options.Force = False,
) -> None:
    """Train and test models of clicks and conversions on a log.

    Each model learns from the first 70 % of the log and is tested on the last 15 % (AUC, log-loss, calibration). If the log comes
    from a world of slategym, the model is also compared with the exact probabilities of random slates, and runs as an agent.
    Writes OUT/prediction.json, OUT/prediction.html, OUT/costs.json (times and sizes) and OUT/models/NAME.agent, which
    `Agent.load` reads. An interrupted command continues if you run it again.
    """
    from slategym.bench.prediction.corruption import LEVELS
    from slategym.bench.prediction.predict import DEFAULT_MODELS, KINDS, plan_prediction
    from slategym.bench.reports.prediction.page import write_page

    names = models or list(DEFAULT_MODELS)
    with mistakes():
        given = {"--world": world, "--logged-by": logged_by, "--slates": slates}
        told = [name for name, value in given.items() if value is not None]
        if log is not None and told:
            raise ValueError(f"{told[0]} sets how a log is made, but {log} is already a log: leave out one of them")
        folder = out or Path(f"runs/predict-{world.partition(':')[0] if world else log.name if log else 'ShopBandit-v0'}")
        kinds = [name for kind in corruption or () for name in (KINDS if kind == "all" else (kind,))]
        for kind in kinds:
            options.read_word("--corruption", kind, (*KINDS, "all"))
        shares = [options.read_share("--level", text) for text in levels or ()] or list(LEVELS)
        if log is None:
            make = partial(_make_log, folder / "log", world or "ShopBandit-v0", logged_by or "random", names)
            log = make(slates or 100_000, shoppers, seed, force)
        planned = plan_prediction(
            log,
            names,
            epochs=epochs,
            patience=patience,
            seed=seed,
            seeds=seeds,
            earn_slates=earn_slates,
            shoppers=shoppers,
            true_slates=true_slates,
            corruption=kinds,
            levels=shares,
            trust=trust,
            columns=columns,
            encoding=encoding,
        )
        folder = folder_of(context, folder, "prediction.json", force, planned.config)
        store = store_in(folder, 0, force)
    sizes = planned.config["parts"]
    learned = f"{sizes['train']:,} slates for training, {sizes['validation']:,} for validation, {sizes['test']:,} for the test"
    runs = f"\n{seeds} runs x {earn_slates:,} slates of each model as an agent" if planned.world is not None else ""
    typer.echo(f"{len(names)} models; {learned}{runs}")
    run_and_report(
        context,
        _InFolder(planned, folder, force),
        folder,
        store,
        processes=1,
        what="predict",
        slates=planned.size,
        numbers="prediction.json",
        page="prediction.html",
        some=lambda result: bool(result["models"]),
        show=print_models,
        write=write_page,
        worlds=[] if planned.world is None else [planned.world],
    )


class _InFolder:
    """A prediction whose models are kept in a folder."""

    def __init__(self, planned: Prediction, folder: Path, force: bool) -> None:
        self.planned, self.folder, self.force = planned, folder, force

    def run(
        self,
        processes: Any = None,
        progress: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
        store: Any = None,
    ) -> dict[str, Any]:
        if self.force:
            for kept in (self.folder / "models").glob("*.json"):
                kept.unlink()
        return self.planned.run(processes, progress, stop, store, self.folder)


def _make_log(folder: Path, text: str, agent: str, models: list[str], slates: int, shoppers: int, seed: int, force: bool) -> Path:
    """Make a log with an agent, or use the log that the same command made before.

    Raises:
        ValueError: there is no such world, agent or model.
        FileExistsError: the folder contains a log of another run.
        Exit: with the status `INTERRUPTED`, if the run was interrupted.
    """
    from slategym.agents.base import Problem
    from slategym.agents.registry import agent_identity
    from slategym.bench.comparison.results import configuration
    from slategym.bench.execution.log_writer import LogWriter, is_of_another_run, remove_log
    from slategym.bench.execution.runner import check_steps, run
    from slategym.bench.prediction.predict import check_models
    from slategym.logs.reading import read_index
    from slategym.logs.schema import INDEX

    shop, given = options.read_world(text)
    check_models(models, Problem.of(shop))
    options.check_agent(agent, shop)
    check_steps(slates, shoppers)
    config = configuration(
        shop, given, agent_identity(agent), agent=agent, slates=slates, seed=seed, shoppers=shoppers, made_for="predict"
    )
    if force:
        remove_log(folder)
    elif is_of_another_run(folder, config):
        raise FileExistsError(f"{folder} contains the log of another run: choose another --out, or overwrite it with --force")
    elif (folder / INDEX).exists():
        if read_index(folder)["status"] == "finished":
            return folder
        remove_log(folder)
    with interruption() as stop, writing(), progress(f"log of {agent} in {shop.name}", slates) as advance:
        with LogWriter(folder, shop, config) as writer:
            trace = run(shop, agent, slates, seed, shoppers=shoppers, log=writer, exact="off", progress=advance, stop=stop)
            writer.close("finished" if trace.finished else "interrupted")
        if not trace.finished:
            fail("Interrupted while the log was made: run the same command again to make it from the start", INTERRUPTED)
    return folder


def print_models(result: Mapping[str, Any]) -> None:
    """Print the models with their main metrics, ordered by value from the highest.

    Args:
        result: content of prediction.json, with at least one model.
    """
    from slategym.bench.format import number
    from slategym.bench.reports.prediction.summary import METRICS, findings, headline, knows_truth

    screen, models = console(), result["models"]
    if not knows_truth(result):
        _print_tested(result)
        return
    metric = result["ranked_by"]
    lines = table("model", "AUC", "AUC, both", "RMSE", METRICS[metric])
    for name in result["orders"]["value"]:
        found = models[name]
        value = cast("dict[str, float | None]", found["earnings"].get(metric) or dict.fromkeys(("mean", "low", "high")))
        lines.add_row(
            name,
            *(
                f"{number(each['auc'], 3)}{_ends(each.get('auc_interval'))}"
                for each in (found["test"]["click"], found["test"]["both"])
            ),
            number(found["exact"]["click"]["rmse"], 4),
            f"{number(value['mean'], 4)}{_ends(value)}",
        )
    screen.print(lines)
    screen.print(
        "AUC of clicks, and of clicks that convert (both), on the test part of the log, with 95 % intervals. "
        "RMSE: error of the click probabilities, compared with the exact ones."
    )
    screen.print(f"\n{headline(result)}.")
    for sentence in [*findings(result), *result["notes"]]:
        screen.print(sentence)


def _print_tested(result: Mapping[str, Any]) -> None:
    """Print models that were tested only on the log, ordered by log-loss from the lowest."""
    from slategym.bench.format import number
    from slategym.bench.reports.prediction.summary import headline, order_of

    screen, lines = console(), table("model", "AUC", "AUC, both", "log-loss", "ECE")
    for name in order_of(result):
        found = result["models"][name]["test"]
        click = found["click"]
        lines.add_row(name, _area(click), _area(found["both"]), number(click["log_loss"], 5), number(click["ece"], 4))
    screen.print(lines)
    screen.print(
        "AUC of clicks and of clicks that convert (both), ± half the 95 % interval; log-loss and calibration error (ECE) of "
        "clicks; all on the test part of the log."
    )
    screen.print(f"\n{headline(result)}.")
    for sentence in result["notes"]:
        screen.print(sentence)


def _area(found: Mapping[str, Any]) -> str:
    """An AUC, with half the width of its interval after ±."""
    from slategym.bench.format import number

    interval = found.get("auc_interval") or {"low": None}
    half = "" if interval["low"] is None else f" ±{number((interval['high'] - interval['low']) / 2, 3)}"
    return f"{number(found['auc'], 3)}{half}"


def _ends(value: Mapping[str, float | None]) -> str:
    return "" if value["low"] is None else f" ({value['low']:.3f} to {value['high']:.3f})"


if __name__ == "__main__":
    start(predict)
