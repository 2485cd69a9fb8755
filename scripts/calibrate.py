"""Fits a world to a log: `slategym calibrate hillstrom --data data/hillstrom --out hillstrom.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slategym.scripts.common.terminal import fail, mistakes, start, writing

LOGS = ("open-bandit", "hillstrom")


def calibrate(
    context: typer.Context,
    log: Annotated[str, typer.Argument(help=f"Which log: {' or '.join(LOGS)}.", metavar="LOG")],
    data: Annotated[Path, typer.Option(help="The folder that holds the log, in the layout that it is published in.")],
    out: Annotated[Path, typer.Option(help="The JSON file to write the parameters to.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")] = False,
) -> None:
    """Fit a world to a log; `make_world(NAME, parameters=OUT)` then makes the world of those parameters, which need no data."""
    from slategym.sim.calibration.files import to_json
    from slategym.sim.worlds.hillstrom import calibrate as hillstrom
    from slategym.sim.worlds.open_bandit import calibrate as open_bandit
    from slategym.utils.lookup import choose
    from slategym.utils.storage.files import make_folder, write_text
    from slategym.utils.storage.lock import Lock

    with mistakes():
        fit = choose("log", log, dict(zip(LOGS, (open_bandit.calibrate, hillstrom.calibrate), strict=True)))
        if not data.is_dir():
            fail(f"--data is {data}: expected a folder with the log")
        if out.is_dir() or (out.exists() and not force):
            fail(f"{out} exists already: choose another file for --out" + ("" if out.is_dir() else ", or --force"))
        make_folder(out.parent)
        context.with_resource(Lock(out))
        parameters = fit(data)
        with writing():
            write_text(out, to_json(parameters))
    for name, value in parameters["fit"].items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")
    typer.echo(f"The parameters of {parameters['world']} are in {out}.")


if __name__ == "__main__":
    start(calibrate)
