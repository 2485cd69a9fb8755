"""The program `slategym` with all commands. Commands import heavy libraries only when they run, so that `--help` is fast."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.scripts.agent_profile import profile
from slategym.scripts.agents import agents
from slategym.scripts.audit import audit
from slategym.scripts.benchmark import benchmark
from slategym.scripts.check import check
from slategym.scripts.experiment import experiment
from slategym.scripts.leaderboard import leaderboard
from slategym.scripts.logs.estimators import estimators
from slategym.scripts.logs.evaluate import evaluate
from slategym.scripts.logs.fit import fit
from slategym.scripts.logs.log import app as log
from slategym.scripts.logs.replay import replay
from slategym.scripts.pareto import pareto
from slategym.scripts.predict import predict
from slategym.scripts.report import report
from slategym.scripts.scale import scale
from slategym.scripts.simulate import simulate
from slategym.scripts.throughput import throughput
from slategym.scripts.tune import tune
from slategym.scripts.worlds import worlds

# Without markup, help reads the same in a terminal, in a pipe and in a log.
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
for command in (
    simulate,
    benchmark,
    leaderboard,
    experiment,
    profile,
    tune,
    predict,
    replay,
    evaluate,
    estimators,
    pareto,
    audit,
    report,
    check,
    fit,
    scale,
    throughput,
    worlds,
    agents,
):
    app.command()(command)
app.add_typer(log, name="log")


def _version(wanted: bool) -> None:
    if wanted:
        from slategym import __version__

        typer.echo(f"slategym {__version__}")
        raise typer.Exit


@app.callback()
def slategym(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Simulate shoppers who are shown slates of items, and compare the agents that choose the slates.

    Exit status: 0 success; 1 a failed check, failed runs, a disk error or an error in slategym; 2 a mistake in the command, and
    nothing was run; 130 interrupted by Ctrl-C, SIGTERM or SIGHUP. Commands whose help says so continue an interrupted run.
    """


def main() -> None:
    """Run the console script `slategym`."""
    app()


if __name__ == "__main__":
    main()
