"""The terminal: errors in a line, progress, tables that fit 80 columns and a pipe."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from slategym.utils.compilation import told_by

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from slategym.utils.options import Option


def fail(message: str, status: int = 2) -> NoReturn:
    """End the command with one line; by default because of what the user asked for, with the exit status 2."""
    typer.echo(f"slategym: {message}", err=True)
    raise typer.Exit(status)


@contextmanager
def mistakes() -> Iterator[None]:
    """Where the user's words are read: an error in them ends the command in one line, without a traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        fail(str(error))


@contextmanager
def writing() -> Iterator[None]:
    """Where results are written: what the disk refuses ends the command in one line, with the exit status 1."""
    from slategym.utils.storage.files import WriteError

    try:
        yield
    except WriteError as error:
        fail(str(error), 1)


def write_page(write: Callable[[Mapping[str, Any], Path], None], result: Mapping[str, Any], page: Path, numbers: Path) -> None:
    """Write a run's page, after its numbers: if that fails, they stay, and the command ends with the exit status 1."""
    try:
        write(result, page)
    except Exception as error:
        said = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        again = shlex.join(["slategym", "report", str(page.parent)])
        fail(f"there is no page: {said}. The numbers are in {numbers}; to make the page of them again: {again}", 1)


def start(command: Callable[..., None]) -> None:
    """Run one command as a script: `python scripts/simulate.py` is `slategym simulate`."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    app()


def console(*, errors: bool = False) -> Console:
    """Where tables go: 80 columns and no colours in a pipe."""
    from rich.console import Console

    # What is printed are names and sentences: [red] in them is no colour, and :x: no picture.
    return Console(stderr=errors, highlight=False, soft_wrap=False, markup=False, emoji=False)


def table(*columns: str) -> Table:
    """An empty table: the first column of words, the others of numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    return made


def options_table(options: Iterable[Option]) -> Table:
    """Options with their types, defaults and meanings, a line each."""
    from slategym.utils.options import REQUIRED

    lines = table("option", "type", "default", "meaning")
    for column in lines.columns:
        column.justify = "left"
    for option in options:
        default = "required" if option.default is REQUIRED else str(option.default)
        lines.add_row(option.name, " ".join(filter(None, (option.type_name, option.limits))), default, option.meaning)
    return lines


def fill(text: str) -> str:
    """A docstring, filled anew to the width of the terminal: what is indented alike is a paragraph, and so is each argument."""
    width = min(get_terminal_size().columns, 100)
    paragraphs: list[tuple[str, str]] = []
    for line in text.splitlines():
        words = line.lstrip()
        indent = line[: len(line) - len(words)]
        goes_on = paragraphs and paragraphs[-1][1] and words and not (indent and re.match(r"[\w, ]+: ", words))
        if goes_on and (indent == paragraphs[-1][0] or indent > paragraphs[-1][0] > ""):
            paragraphs[-1] = (paragraphs[-1][0], f"{paragraphs[-1][1]} {words}")
        else:
            paragraphs.append((indent, words))
    return "\n".join(
        textwrap.fill(words, width, initial_indent=indent, subsequent_indent=2 * indent, break_long_words=False)
        for indent, words in paragraphs
    )


@contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """Yields what takes the slates shown so far: a bar in a terminal, elsewhere a line a minute."""
    if not sys.stderr.isatty():
        yield Lines(what, total)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    name, speed = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[speed]}"))
    columns = (name, BarColumn(None), TaskProgressColumn(), speed)
    with (
        Progress(*columns, TimeRemainingColumn(), console=console(errors=True), transient=True) as bar,
        told_by(lambda notice: bar.console.print(f"slategym: {notice}", markup=False)),  # above the bar, not into it
    ):
        yield Bar(bar, bar.add_task(what, total=total, speed=""), what)


class Advance:
    """What a command tells of its runs while they go on."""

    def __call__(self, slates: int) -> None:
        """Take the slates shown so far."""

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Take how many runs are done, of how many, and which are under way."""


class Bar(Advance):
    """A bar with the runs done, the run at work, the speed and the time left.

    Args:
        bar: rich's.
        task: its number there.
        what: is run.
    """

    def __init__(self, bar: Any, task: Any, what: str) -> None:
        self._bar, self._task, self._what = bar, task, what

    def __call__(self, slates: int) -> None:
        """Take the slates shown so far."""
        found = self._bar.tasks[0]
        speed = found.finished_speed or found.speed
        self._bar.update(self._task, completed=slates, speed=f"{speed:,.0f} slates/s" if speed else "")

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Take how many runs are done, of how many, and which are under way."""
        name = f" · {at_work[0]}" if at_work else ""
        self._bar.update(self._task, description=f"{self._what} · {done} of {total} runs{name}"[:60])


class Minutes:
    """When a line is due: a little after the start, and a minute after the one before.

    Args:
        first: seconds until the first.
        clock: seconds that go by.
    """

    EVERY = 60.0  # seconds

    def __init__(self, first: float, clock: Callable[[], float] = monotonic) -> None:
        self.clock, self._due = clock, clock() + first

    def due(self, anyway: bool = False) -> bool:
        """Whether a line is due; then the next one is a minute later."""
        now = self.clock()
        if now < self._due and not anyway:
            return False
        self._due = now + self.EVERY
        return True


def notes(clock: Callable[[], float] = monotonic) -> Callable[[str], None]:
    """What prints notes on what goes on: each in a terminal, elsewhere the first one and then one a minute.

    Args:
        clock: seconds that go by.
    """
    minutes, every = Minutes(0.0, clock), sys.stderr.isatty()

    def tell(note: str) -> None:
        if every or minutes.due():
            typer.echo(note, err=True)

    return tell


class Lines(Advance):
    """A line after a few seconds, then one a minute and one at the end, with the runs done, those at work, speed and time left.

    Args:
        what: is run.
        total: slates of all runs.
        clock: seconds that go by.
    """

    FIRST = 2.0  # seconds

    def __init__(self, what: str, total: int, clock: Callable[[], float] = monotonic) -> None:
        self._what, self._total, self._minutes = what, total, Minutes(self.FIRST, clock)
        self._begun: tuple[int, float] | None = None  # slates that had been shown before, and when
        self._slates, self._runs, self._over = 0, "", False

    def __call__(self, slates: int) -> None:
        """Take the slates shown so far."""
        self._slates = slates
        if self._begun is None:
            self._begun = slates, self._minutes.clock()
        self._tell()

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Take how many runs are done, of how many, and which are under way."""
        self._runs = f", {done} of {total} runs done" + (f", now {' and '.join(at_work[:2])}" if at_work else "")
        self._tell()

    def _tell(self) -> None:
        over = self._slates >= self._total
        if self._over or not self._minutes.due(over):
            return
        self._over, now = over, self._minutes.clock()
        before, since = self._begun or (0, now)
        speed = (self._slates - before) / (now - since) if now > since else 0.0
        said = f", {speed:,.0f} slates/s" if speed else ""
        if speed and not over:
            said += f", about {_time((self._total - self._slates) / speed)} left"
        typer.echo(f"{self._what}: {100 * self._slates // self._total} %{self._runs}{said}", err=True)


def _time(seconds: float) -> str:
    """A time in words: "40 s", "3 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
