"""The command `slategym predict`: models of clicks and conversions on a log."""

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
            help="Log: a folder that `slategym simulate` wrote, or CSV or Parquet (default: one is made by --world).",
            metavar="[LOG]",
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Model: predictor:mlp, predictor:esmm:hidden=32, logistic-ts, popularity or another agent that estimates clicks "
            "and conversions; repeatable (default: seven of them).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(
            help="World in which a log is made first, where none is given (default: ShopBandit-v0).",
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
    slates: Annotated[int | None, options.count("Slates of the log that is made (default: 100,000).", SlateCount)] = None,
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    epochs: Annotated[int, options.count("Epochs of a predictor, at most; other agents see the log once.")] = 20,
    patience: Annotated[int, options.count("Epochs without a lower validation loss, after which training stops.")] = 3,
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            help="Train on a corrupted log too, and say what it costs: missing, outliers, labels, or all; repeatable "
            "(default: none, as each is four more trainings of every model).",
            metavar="missing|outliers|labels|all",
        ),
    ] = None,
    levels: Annotated[
        list[str] | None,
        typer.Option(
            "--level", help="Share of values that are corrupted; repeatable (default: 5%, 10%, 20%, 40%).", metavar="SHARE"
        ),
    ] = None,
    seed: Annotated[int, options.count("Seed of the models, of the log that is made and of all that is drawn.", Seed)] = 0,
    seeds: Annotated[int, options.count("Runs of each trained model as an agent.", SeedCount)] = 3,
    earn_slates: Annotated[int, options.count("Slates of each of these runs.", SlateCount)] = 20_000,
    shoppers: options.Shoppers = 1000,
    true_slates: Annotated[int, options.count("Random slates whose exact probabilities models are compared with.")] = 5000,
    trust: Annotated[bool, typer.Option("--trust", help="Run the files that the log names, such as my_shop.py.")] = False,
    out: options.Out = None,
    force: options.Force = False,
) -> None:
    """Train models of clicks and conversions on a log, and judge them by truth and earnings.

    Each model learns the first 70 % of the log and is judged by the last 15 % (AUC, log-loss, calibration), by the exact
    probabilities of random slates, and by what it earns when it goes on as an agent; by the last part alone where the log is not
    one of slategym. Writes OUT/prediction.json, OUT/prediction.html, OUT/costs.json (times and sizes) and OUT/models/NAME.agent,
    which `Agent.load` reads. Finished models are kept: the same command continues where it was ended.
    """
    from slategym.bench.prediction.corruption import LEVELS
    from slategym.bench.prediction.predict import DEFAULT_MODELS, KINDS, plan_prediction
    from slategym.bench.reports.prediction.page import write_page

    names = models or list(DEFAULT_MODELS)
    with mistakes():
        given = {"--world": world, "--logged-by": logged_by, "--slates": slates}
        told = [name for name, value in given.items() if value is not None]
        if log is not None and told:
            raise ValueError(f"{told[0]} is of a log that is made, and {log} is one already: give one of them")
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
    learned = f"{sizes['train']:,} slates to learn, {sizes['validation']:,} to stop by, {sizes['test']:,} to judge"
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
    """A log that an agent makes, or the one that the same command made before.

    Raises:
        ValueError: there is no such world, agent or model.
        FileExistsError: the folder holds a log of another run.
        Exit: with the status `INTERRUPTED`, where the run was stopped early.
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
        raise FileExistsError(f"{folder} holds the log of another run: give another folder to --out, or --force to overwrite it")
    elif (folder / INDEX).exists():
        if read_index(folder)["status"] == "finished":
            return folder
        remove_log(folder)
    with interruption() as stop, writing(), progress(f"log of {agent} in {shop.name}", slates) as advance:
        with LogWriter(folder, shop, config) as writer:
            trace = run(shop, agent, slates, seed, shoppers=shoppers, log=writer, exact="off", progress=advance, stop=stop)
            writer.close("finished" if trace.finished else "interrupted")
        if not trace.finished:
            fail("Interrupted while the log was made; the same command makes it anew", INTERRUPTED)
    return folder


def print_models(result: Mapping[str, Any]) -> None:
    """Print the models from the one that earns most, with the main metrics.

    Args:
        result: as prediction.json has it, with at least one model.
    """
    from slategym.bench.format import number
    from slategym.bench.reports.prediction.summary import findings, headline, knows_truth

    screen, models = console(), result["models"]
    if not knows_truth(result):
        _print_tested(result)
        return
    metric = result["ranked_by"]
    lines = table("model", "AUC", "both", "RMSE", metric.replace("_", " "))
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
        "AUC of clicks, and of clicks that convert, in the log, ± half a 95 % interval; RMSE of clicks to exact probabilities."
    )
    screen.print(f"\n{headline(result)}.")
    for sentence in [*findings(result), *result["notes"]]:
        screen.print(sentence)


def _print_tested(result: Mapping[str, Any]) -> None:
    """Print models that the log alone judges, from the one of the lowest log-loss."""
    from slategym.bench.format import number
    from slategym.bench.reports.prediction.summary import headline, order_of

    screen, lines = console(), table("model", "AUC", "both", "log-loss", "ECE")
    for name in order_of(result):
        found = result["models"][name]["test"]
        click = found["click"]
        lines.add_row(name, _area(click), _area(found["both"]), number(click["log_loss"], 5), number(click["ece"], 4))
    screen.print(lines)
    screen.print(
        "AUC of clicks and of clicks that convert (± half a 95 % interval), log-loss and calibration error of clicks: "
        "in the last part of the log."
    )
    screen.print(f"\n{headline(result)}.")
    for sentence in result["notes"]:
        screen.print(sentence)


def _area(found: Mapping[str, Any]) -> str:
    """An AUC, with half the width of its interval."""
    from slategym.bench.format import number

    interval = found.get("auc_interval") or {"low": None}
    half = "" if interval["low"] is None else f" ±{number((interval['high'] - interval['low']) / 2, 3)}"
    return f"{number(found['auc'], 3)}{half}"


def _ends(value: Mapping[str, float | None]) -> str:
    return "" if value["low"] is None else f" ({value['low']:.3f} to {value['high']:.3f})"


if __name__ == "__main__":
    start(predict)
