"""The command `slategym fit`: fits a world to a log."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slategym import __version__
from slategym.scripts.common import completion, options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import configured, write_configuration
from slategym.scripts.common.following import following, refuse_following
from slategym.scripts.common.terminal import fail, fill, mistakes, start, write_page, writing
from slategym.utils.ranges import SeedCount, SlateCount

if TYPE_CHECKING:
    from slategym.bench.fitting.fitted_log import FittedLog
    from slategym.bench.tracking.tracker import Tracker
    from slategym.sim.world import World

PRESETS = ("open-bandit", "hillstrom")
CERTIFICATE, PAGE = "certificate.json", "certificate.html"


@configured
def fit(
    context: typer.Context,
    log: Annotated[
        Path,
        typer.Argument(
            help="Log: a CSV or Parquet file, or an output folder of `slategym simulate`; with --preset, the data set's folder.",
            metavar="LOG",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Output folder, to use as --world; with --preset, a JSON file.", metavar="FOLDER")],
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    items: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet file of items: id, category, price, margin, features.", metavar="FILE"),
    ] = None,
    click_model: Annotated[
        str | None,
        typer.Option(
            help="Click model: position-based, cascade, dependent-click, user-browsing, or none (default: the simplest of the "
            "models that predict held-out slates best).",
            metavar="NAME",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help=f"Fit the parameters of a built-in world to its data set: {' or '.join(PRESETS)}.", metavar="NAME"),
    ] = None,
    certificate: Annotated[
        bool, typer.Option("--certificate/--no-certificate", help="Evaluate the fit on a part of the log that is held out.")
    ] = True,
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            help="Agent to run in the true and in the fitted world, to compare the order of agents, if slategym made the log; "
            "repeatable (default: seven agents).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    slates: Annotated[int, options.count("Slates per run of these agents.", SlateCount)] = 10_000,
    seeds: Annotated[int, options.count("Number of seeds of these runs, in each of the two worlds.", SeedCount)] = 3,
    force: options.Force = False,
) -> None:
    """Fit a world to a log of impressions.

    Prints what the log cannot identify. Writes OUT/world.json: click and conversion rates by item and segment, the examination of
    ranks, and, if the log contains them, prices, delays, leaving and returning, each with a 95 % interval. OUT/certificate.json
    and OUT/certificate.html compare the world with a held-out part of the log. Every command accepts `--world OUT` afterwards.
    """
    from slategym.bench.jobs.output import claim
    from slategym.sim.calibration.files import to_json
    from slategym.sim.worlds.fitted.parameters import FILE
    from slategym.utils.storage.files import write_json, write_text

    if preset is not None:
        with mistakes():
            refuse_following(context, "--preset writes only one file")
        _fit_preset(context, preset, log, out, force)
        return
    with mistakes():
        if not log.exists():
            fail(f"there is no log {log}: expected a CSV or Parquet file, or a folder that `slategym simulate` wrote")
        folder = context.with_resource(claim(out, FILE, force))
        config = _configuration(log, columns, encoding, items, click_model, certificate, agents, slates, seeds)
    made = {"command": command_line(context), "version": __version__}
    with following(context, folder, "fit", config, 0) as follow:

        def tell(stage: str) -> None:
            _say(stage)
            follow.stage(stage)

        with mistakes():
            fitted, judged = _fit(
                log, columns, encoding, items, click_model, certificate, agents, slates, seeds, tell, follow.track
            )
        write_configuration(context, folder, config)
        with writing():
            write_text(folder / FILE, to_json({**fitted.parameters, "made": {**made, "fingerprint": config["fingerprint"]}}))
            if judged:
                judged = {**made, "config": config, **judged}
                write_json(folder / CERTIFICATE, judged)
        _tell(fitted.parameters, judged)
        if judged:
            from slategym.bench.reports.fitting.page import write_page as write

            write_page(write, judged, folder / PAGE, folder / CERTIFICATE)
            typer.echo(f"\nThe certificate is in {folder / PAGE}.")
        typer.echo(f"\nThe world is in {folder / FILE}. Next step: slategym benchmark --world {out}")
        files = [folder / name for name in (CONFIGURATION, FILE, CERTIFICATE, PAGE)]
        follow.finish({"status": "finished", "fit": fitted.parameters["fit"], **judged}, files, folder / PAGE)


def _configuration(log: Path, columns: str | None, encoding: str | None, items: Path | None, *further: Any) -> dict[str, Any]:
    """The configuration, with a fingerprint of the files, the options and the code.

    Raises:
        OSError: a file cannot be read.
    """
    from slategym.bench.replay.logged import is_slategym_log
    from slategym.utils.storage.fingerprint import code_version, files_print, fingerprint

    names = ("click_model", "certificate", "agents", "slates", "seeds")
    config = {"columns": columns, "encoding": encoding, **dict(zip(names, further, strict=True))}
    known = log.is_file() or is_slategym_log(log)  # reading any other folder raises an error later
    read = [files_print(path) for path in ((log,) if known else ()) + ((items,) if items else ())]
    return {"log": str(log), "items": str(items or ""), **config, "fingerprint": fingerprint([config, read, code_version()])}


def _fit(
    log: Path,
    columns: str | None,
    encoding: str | None,
    items: Path | None,
    click_model: str | None,
    certificate: bool,
    agents: list[str] | None,
    slates: int,
    seeds: int,
    tell: Callable[[str], None],
    track: Callable[[str], Tracker] | None,
) -> tuple[FittedLog, dict[str, Any]]:
    """The fit, and the content of certificate.json, empty without a certificate.

    Raises:
        ValueError: the log, the items or an option is wrong.
    """
    from slategym.bench.fitting.certificate import certify
    from slategym.bench.fitting.fit import click_model_name, fit_log
    from slategym.bench.fitting.order import AGENTS, order_of_agents
    from slategym.logs.impression_reading import read_impressions
    from slategym.sim.files import read_catalog
    from slategym.sim.worlds.fitted.world import world_of

    name = click_model_name(click_model)
    true = _true_world(log) if log.is_dir() else None
    if agents and true is None:
        raise ValueError("--agent compares agents in the world that made the log, and this world is unknown: leave --agent out")
    if true is not None and certificate:
        agents = options.read_agents(agents or list(AGENTS), true)
    catalog = read_catalog(items) if items is not None else None if true is None else true.catalog
    tell("reading the log")
    read = read_impressions(log, columns, encoding=encoding)
    fitted = fit_log(read, items=catalog, click_model=name, progress=tell)
    if not certificate:
        return fitted, {}
    judged = certify(read, fitted, items=catalog, progress=tell)
    if true is not None and agents:
        world = world_of(fitted.parameters)
        judged["order"] = order_of_agents(true, world, agents, slates=slates, seeds=seeds, progress=tell, track=track)
    told = ("source", "slate_size", "fit", "cannot_identify", "not_modelled")
    return fitted, {"status": "finished", **{key: fitted.parameters[key] for key in told}, "certificate": judged}


def _true_world(log: Path) -> World | None:
    """The world that made a log of slategym; None if making it would run custom code, or if it has changed since."""
    from slategym.logs.reading import read_log

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return read_log(log, columns=["step"]).world()
        except (ValueError, OSError, UserWarning) as error:
            _say(f"the world that made the log cannot be used: {error}")
            return None


def _fit_preset(context: typer.Context, preset: str, log: Path, out: Path, force: bool) -> None:
    from slategym.sim.calibration.files import to_json
    from slategym.sim.worlds.hillstrom import calibrate as hillstrom
    from slategym.sim.worlds.open_bandit import calibrate as open_bandit
    from slategym.utils.lookup import choose
    from slategym.utils.storage.files import make_folder, write_text
    from slategym.utils.storage.lock import Lock

    with mistakes():
        known = dict(zip(PRESETS, (open_bandit.calibrate, hillstrom.calibrate), strict=True))
        calibrate = choose("preset", preset, known)
        if not log.is_dir():
            fail(f"LOG is {log}: expected the folder of the data set, with the files as they were published")
        if out.is_dir() or (out.exists() and not force):
            fail(f"{out} exists already: choose another file for --out" + ("" if out.is_dir() else ", or overwrite with --force"))
        make_folder(out.parent)
        context.with_resource(Lock(out))
        parameters = calibrate(log)
        with writing():
            write_text(out, to_json(parameters))
    for name, value in parameters["fit"].items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")
    command = f"slategym benchmark --world {_with(parameters, out)}"
    typer.echo(f"The parameters of {parameters['world']} are in {out}. Next step: {command}")


def _with(parameters: Mapping[str, Any], out: Path) -> str:
    from slategym.utils.specification import join_options

    return join_options(parameters["world"], {"parameters": str(out)})


def _tell(parameters: Mapping[str, Any], judged: Mapping[str, Any]) -> None:
    """Print what was fitted, the findings of the certificate, and what the log cannot identify."""
    from slategym.bench.reports.fitting.summary import findings, headline

    found = parameters["fit"]
    ranks = parameters["slate_size"]
    levels = ", ".join(f"{each['name']} ({len(each['levels'])})" for each in parameters["segments"]) or "none"
    typer.echo(
        f"{found['impressions']:,} impressions in {found['slates']:,} slates at {ranks} rank{'s' * (ranks > 1)}, "
        f"{len(parameters['items']['ids']):,} items, {found['clicks']:,} clicks, {found['conversions']:,} conversions"
    )
    typer.echo(fill(f"segments of shoppers: {levels}"))
    typer.echo(f"click model: {found['click_model']}; up to {parameters['visits']} visits per shopper")
    if judged:
        typer.echo()
        for sentence in [f"{headline(judged)}.", *findings(judged)[1:]]:
            typer.echo(fill(sentence))
    typer.echo("\nThis log cannot identify:")
    for sentence in parameters["cannot_identify"]:
        typer.echo(fill(f"- {sentence}"))


def _say(text: str) -> None:
    typer.echo(f"slategym: {text} ...", err=True)


if __name__ == "__main__":
    start(fit)
