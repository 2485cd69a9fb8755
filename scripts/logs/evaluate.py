"""The command `slategym evaluate`: evaluates policies on a log that another policy made."""

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
from slategym.utils.ranges import Seed, ShopperCount, SlateSize

DEFAULT = ("random", "popularity", "epsilon-greedy", "lin-epsilon-greedy")
INTERVALS = ("normal", "bootstrap", "bernstein")


@configured
def evaluate(
    context: typer.Context,
    log: options.LogFile,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            help="Policy: an agent, which learns from the first part of the log; a saved agent, my_model.agent; or "
            f"scores:my_file.py:score (runs the file); repeatable (default: {', '.join(DEFAULT)}).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    world: options.FittedWorld = None,
    estimators: Annotated[
        list[str] | None,
        typer.Option(
            "--estimator",
            help="Estimator: snipw, dr, switch-dr:threshold=auto, ...; repeatable (default: six; three for slates).",
            metavar="NAME[:OPTION=VALUE,...]",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="Agent that predicts rewards, for estimators that need it: logistic-ts, popularity, predictor:mlp, ...",
            metavar="NAME[:OPTION=VALUE,...]",
        ),
    ] = "logistic-ts",
    interval: Annotated[str, typer.Option(help="Kind of interval.", metavar="|".join(INTERVALS))] = "normal",
    train: Annotated[
        str, typer.Option(help="Share of the log, from its beginning, that policies learn from.", metavar="SHARE")
    ] = "50%",
    ranks: Annotated[int | None, options.count("Use only the first N ranks of each slate (default: all).", SlateSize)] = None,
    weights: options.Weights = None,
    scalarizer: Annotated[
        str | None,
        typer.Option(help="Scalarizer instead of weights: nash, lagrangian:click>=0.3, ...", metavar="NAME[:OPTION=VALUE,...]"),
    ] = None,
    draws: Annotated[int, options.count("Draws used to estimate propensities that a policy cannot compute.")] = 200,
    correct: Annotated[
        bool, typer.Option("--correct/--no-correct", help="Correct for the bias of the logging policy when policies learn.")
    ] = True,
    shoppers: Annotated[int, options.count("Slates per step, in a log of impressions.", ShopperCount)] = 1000,
    seed: Annotated[int, options.count("Random seed of policies and models.", Seed)] = 0,
    trust: Annotated[bool, typer.Option("--trust", help="Run the files named in the log, such as my_shop.py.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Output folder for evaluation.json, evaluation.html and agents/.", metavar="FOLDER")
    ] = None,
    force: options.Force = False,
) -> None:
    """Evaluate policies on a log that another policy made.

    Estimates what the policies would have earned. Agents learn from the first half of the log, and their policies are evaluated
    on the second half. Estimators weight the logged rewards by propensities, predict the rewards with a model, or do both. If the
    log comes from a world of slategym, the true value is shown next to each estimate. With --out, the trained agents are saved as
    OUT/agents/NAME.agent, which every command accepts as an agent.
    """
    from slategym import __version__
    from slategym.agents.scalarizers import make_scalarizer
    from slategym.bench.evaluation.evaluate import plan_evaluation
    from slategym.bench.replay.logged import fingerprint_of, load_steps
    from slategym.bench.reports.off_policy.evaluation import write_page as write
    from slategym.utils.storage.files import make_folder, write_json

    names = policies or list(DEFAULT)
    with mistakes():
        needs_folder(context)
        kind: Any = options.read_word("--interval", interval, INTERVALS)
        if weights and scalarizer:
            raise ValueError("--weights and --scalarizer both set the goal: give one of them")
        share = options.read_share("--train", train)
        logged = load_steps(log, columns, encoding=encoding, world=world, ranks=ranks, rows=shoppers, trust=trust)
        objectives = logged.problem.objective_names
        given = options.weights_of(weights, objectives, logged.problem.weights)
        goal = make_scalarizer(scalarizer, objectives, weights=given) if scalarizer else None
        planned = plan_evaluation(
            logged,
            names,
            estimators=estimators or (),
            weights=given,
            scalarizer=goal,
            model=model,
            interval=kind,
            train=share,
            draws=draws,
            seed=seed,
            correct=correct,
        )
        config = {
            **{"log": str(log), "columns": columns, "world": world, "ranks": logged.problem.slate_size, "policies": names},
            **{"estimators": list(planned.estimators), "model": model, "interval": interval, "train": share},
            **{"weights": list(given), "scalarizer": scalarizer, "draws": draws, "correct": correct, "seed": seed},
        }
        config["fingerprint"] = fingerprint_of(logged, [*names, model], config)
        folder = folder_of(context, out, "evaluation.json", force, config) if out else None
        if folder:
            make_folder(folder / "agents")
    with following(context, folder, "evaluate", config, planned.size) as follow:
        with mistakes(), progress("evaluate", planned.size) as advance:
            result = planned.run(follow.progress(advance), folder / "agents" if folder else None)
        result = {"command": command_line(context), "version": __version__, "config": config, **result}
        print_evaluation(result)
        if folder:
            with writing():
                write_json(folder / "evaluation.json", result)
            write_page(write, result, folder / "evaluation.html", folder / "evaluation.json")
            typer.echo(f"\npage     {folder / 'evaluation.html'}\nnumbers  {folder / 'evaluation.json'}")
            typer.echo(f"agents   {folder / 'agents'}")
            files = [folder / name for name in (CONFIGURATION, "evaluation.json", "evaluation.html")]
            follow.finish({"status": "finished", **result}, files, folder / "evaluation.html")


def print_evaluation(result: Mapping[str, Any]) -> None:
    """Print the estimated value of each policy by each estimator, with the true value if it is known.

    Args:
        result: content of evaluation.json.
    """
    from slategym.bench.reports.off_policy.evaluation import headline, sentences
    from slategym.bench.reports.off_policy.values import value_text

    known = any(policy["truth"] for policy in result["policies"].values())
    lines = table("policy", "estimator", "value", "95 % interval", "effective\nsample\nsize", *(["truth"] if known else []))
    lines.columns[1].justify = "left"
    for name, policy in result["policies"].items():
        truth = [value_text(policy["truth"] and {"mean": policy["truth"]["utility"]["mean"]})] if known else []
        for number, (estimator, value) in enumerate(policy["values"].items()):
            size = f"{value['effective_size']:,.0f}"
            mean, _, ends = value_text(value["utility"]).partition("\n")
            lines.add_row("" if number else name, estimator, mean, ends, size, *truth)
        if not policy["values"]:
            lines.add_row(name, "–", "–", "–", "–", *truth)
    console().print(lines)
    typer.echo(f"\n{headline(result)}.")
    for sentence in sentences(result):
        typer.echo(sentence)


if __name__ == "__main__":
    start(evaluate)
