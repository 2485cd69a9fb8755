"""Output in the terminal: errors in one line, progress, and tables of 80 columns, which also suit a pipe."""

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
    """Print an error in one line and end the command.

    Args:
        message: what was expected, what came, and what to do.
        status: exit status; 2 is a mistake in the command.

    Raises:
        Exit: always.
    """
    typer.echo(f"slategym: {message}", err=True)
    raise typer.Exit(status)


@contextmanager
def mistakes() -> Iterator[None]:
    """While the command's arguments are read: an error ends the command with one line instead of a traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        fail(str(error))


@contextmanager
def writing() -> Iterator[None]:
    """While results are written: a disk error ends the command with one line and the exit status 1."""
    from slategym.utils.storage.files import WriteError

    try:
        yield
    except WriteError as error:
        fail(str(error), 1)


def write_page(write: Callable[[Mapping[str, Any], Path], None], result: Mapping[str, Any], page: Path, numbers: Path) -> None:
    """Write the page of a run whose numbers are already written. If that fails, the command ends with the exit status 1."""
    try:
        write(result, page)
    except Exception as error:
        said = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        again = shlex.join(["slategym", "report", str(page.parent)])
        fail(f"the page could not be written: {said}. The numbers are in {numbers}; to write the page from them: {again}", 1)


def start(command: Callable[..., None]) -> None:
    """Run one command as a script: `python scripts/simulate.py` is equivalent to `slategym simulate`."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    app()


def console(*, errors: bool = False) -> Console:
    """The console that prints tables: in a pipe, 80 columns wide and without colours."""
    from rich.console import Console

    # Markup and emoji are off because names may contain [red] or :x:.
    return Console(stderr=errors, highlight=False, soft_wrap=False, markup=False, emoji=False)


def table(*columns: str) -> Table:
    """An empty table. The first column is left-aligned, for words; the others are right-aligned, for numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    return made


def options_table(options: Iterable[Option]) -> Table:
    """A table of options, with a row for each: its name, type, default and meaning."""
    from slategym.utils.options import REQUIRED

    lines = table("option", "type", "default", "meaning")
    for column in lines.columns:
        column.justify = "left"
    for option in options:
        default = "required" if option.default is REQUIRED else str(option.default)
        lines.add_row(option.name, " ".join(filter(None, (option.type_name, option.limits))), default, option.meaning)
    return lines


def fill(text: str) -> str:
    """A docstring, rewrapped to the terminal's width. Lines of equal indentation form a paragraph, and so does each argument."""
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
    """Yields the progress display: a bar in a terminal, elsewhere one line per minute."""
    if not sys.stderr.isatty():
        yield Lines(what, total)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    name, speed = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[speed]}"))
    columns = (name, BarColumn(None), TaskProgressColumn(), speed)
    with (
        Progress(*columns, TimeRemainingColumn(), console=console(errors=True), transient=True) as bar,
        told_by(lambda notice: bar.console.print(f"slategym: {notice}", markup=False)),  # notices appear above the bar
    ):
        yield Bar(bar, bar.add_task(what, total=total, speed=""), what)


class Advance:
    """A progress display of the runs of a command."""

    def __call__(self, slates: int) -> None:
        """Update the number of slates shown so far."""

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Update the number of finished runs, of all runs, and the names of those in progress."""


class Bar(Advance):
    """A progress bar with the number of finished runs, a run in progress, the speed and the remaining time.

    Args:
        bar: the bar of the library rich.
        task: its task there.
        what: title.
    """

    def __init__(self, bar: Any, task: Any, what: str) -> None:
        self._bar, self._task, self._what = bar, task, what

    def __call__(self, slates: int) -> None:
        """Update the number of slates shown so far."""
        found = self._bar.tasks[0]
        speed = found.finished_speed or found.speed
        self._bar.update(self._task, completed=slates, speed=f"{speed:,.0f} slates/s" if speed else "")

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Update the number of finished runs, of all runs, and the names of those in progress."""
        name = f" · {at_work[0]}" if at_work else ""
        self._bar.update(self._task, description=f"{self._what} · {done} of {total} runs{name}"[:60])


class Minutes:
    """Decides when to print a line: soon after the start, and then every minute.

    Args:
        first: seconds until the first line.
        clock: returns the time in seconds.
    """

    EVERY = 60.0  # seconds

    def __init__(self, first: float, clock: Callable[[], float] = monotonic) -> None:
        self.clock, self._due = clock, clock() + first

    def due(self, anyway: bool = False) -> bool:
        """Whether to print a line now; if so, the next one follows a minute later."""
        now = self.clock()
        if now < self._due and not anyway:
            return False
        self._due = now + self.EVERY
        return True


def notes(clock: Callable[[], float] = monotonic) -> Callable[[str], None]:
    """A function that prints notes on the progress: all notes in a terminal, elsewhere the first and then one per minute.

    Args:
        clock: returns the time in seconds.
    """
    minutes, every = Minutes(0.0, clock), sys.stderr.isatty()

    def tell(note: str) -> None:
        if every or minutes.due():
            typer.echo(note, err=True)

    return tell


class Lines(Advance):
    """Prints a line after two seconds, then one per minute and one at the end: runs, speed and remaining time.

    Args:
        what: title.
        total: number of slates of all runs together.
        clock: returns the time in seconds.
    """

    FIRST = 2.0  # seconds

    def __init__(self, what: str, total: int, clock: Callable[[], float] = monotonic) -> None:
        self._what, self._total, self._minutes = what, total, Minutes(self.FIRST, clock)
        self._begun: tuple[int, float] | None = None  # slates shown before the start, and its time
        self._slates, self._runs, self._over = 0, "", False

    def __call__(self, slates: int) -> None:
        """Update the number of slates shown so far."""
        self._slates = slates
        if self._begun is None:
            self._begun = slates, self._minutes.clock()
        self._tell()

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Update the number of finished runs, of all runs, and the names of those in progress."""
        self._runs = f", {done} of {total} runs finished" + (f", now {' and '.join(at_work[:2])}" if at_work else "")
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
    """A duration with its unit: "40 s", "3 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
