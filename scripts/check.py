"""The command `slategym check`: checks a custom world, user model or agent."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.scripts.common import completion, options
from slategym.scripts.common.terminal import mistakes, start


def check(
    what: Annotated[
        str,
        typer.Argument(
            help="Custom user model, world or agent, such as my_shop.py:Impatient; or the name of a world or agent.",
            autocompletion=completion.checkable,
        ),
    ],
    world: Annotated[
        str | None,
        typer.Option(
            help="World in which to try a user model or an agent, instead of the default one.",
            metavar="NAME",
            autocompletion=completion.worlds,
        ),
    ] = None,
    timeout: options.Timeout = 300.0,
) -> None:
    """Check a user model, a world or an agent.

    Checks shapes, probabilities, reproducibility, inputs and speed, in a separate process. A failure makes results wrong or
    irreproducible; a hint does not. Code that ends or crashes the process, or takes too long, is a failure too. In a test, use
    `slategym.testing.assert_sound`.

    Exit status: 0 no failure; 1 a failure; 2 nothing could be checked, for example because the file does not run.
    """
    from slategym.testing.isolation import examine_apart

    with mistakes():
        subject = examine_apart(what, world, timeout)
    kind = f", {'an' if subject.kind == 'agent' else 'a'} {subject.kind}" if subject.kind else ""
    typer.echo(f"{subject.name}{kind}\n")
    outcomes = []
    for made in subject.checks:
        typer.echo(f"{made.outcome:<9} {made.name}{f': {made.note}' if made.note else ''}")
        for finding in made.findings:
            typer.echo(_filled(f"{finding.where} {finding.what}."))
            typer.echo(_filled(f"-> {finding.fix}."))
        outcomes += [str(finding.severity) for finding in made.findings] or [made.outcome]
    counts = {word: outcomes.count(word) for word in ("failure", "hint")}
    told = [f"{count} {word}{'s' * (count > 1)}" for word, count in counts.items() if count]
    verdict = "is not sound" if "failure" in outcomes else "is sound"
    typer.echo(f"\n{subject.name} {verdict}{': ' * bool(told)}{', '.join(told)}.")
    if "left out" in outcomes:
        typer.echo('Checks marked "left out" run when the failures are fixed.')
    raise typer.Exit("failure" in outcomes)


def _filled(sentence: str) -> str:
    from textwrap import fill

    return fill(sentence, 80, initial_indent=" " * 10, subsequent_indent=" " * 13, break_long_words=False)


if __name__ == "__main__":
    start(check)
