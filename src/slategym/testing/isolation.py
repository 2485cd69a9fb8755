"""Runs the checks of a user's file in a child process, which may exit, crash or hang without affecting this one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any

from slategym.testing.discovery import Subject
from slategym.testing.findings import Check, Finding
from slategym.testing.probes import is_library, is_package

PATIENCE = 300.0  # time limit in seconds for loading, and for each check
GRACE = 60.0  # additional seconds for the child to start, and to end by itself
_START = """
import json, sys
sys.path[:] = json.loads(sys.stdin.readline())
from slategym.testing.isolation import child
child()
"""
_FRAME = re.compile(r'File "(.+)", line (\d+)')


def examine_apart(subject: str, world: str | None = None, timeout: float = PATIENCE) -> Subject:
    """Run `examine` in a child process; checks arrive one by one, and if the child ends without a verdict, a failure follows.

    Output of the user's code goes to standard error; its standard input is empty.

    Args:
        subject: `my_shop.py:Impatient`, or the name of a world or an agent.
        world: name of the world for the checks of a user model or an agent, instead of the default one.
        timeout: time limit in seconds for loading, and for each check.

    Raises:
        ValueError: there is nothing of that name, or the subject is of another kind.
    """
    events = _Run(subject, world, timeout).events()
    first = next(events)
    if "subject" in first:
        return Subject(**first["subject"], checks=map(_check, events))
    events.close()
    if "mistake" in first:
        raise ValueError(first["mistake"])
    return Subject(subject.rpartition(":")[2], "", iter([_check(first)]))


class _Run:
    """A child process and its messages."""

    def __init__(self, subject: str, world: str | None, timeout: float) -> None:
        self.subject, self.timeout = subject, timeout
        self.request = {"subject": subject, "world": world, "timeout": timeout}
        self.stage = "while it is loaded"
        self.timed_out = False
        self.process: subprocess.Popen[str]

    def events(self) -> Generator[dict[str, Any]]:
        """The child's messages, up to its verdict or a failure that says why there is none."""
        with tempfile.TemporaryDirectory() as folder:
            dump = Path(folder) / "traceback"
            words = [sys.executable, "-P", "-c", _START]  # -P: the child gets exactly this process's path
            self.process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
            )
            # A process that the child has started may keep the pipe open; it must not block us when the child is dead.
            Thread(target=self._bury, daemon=True).start()
            try:
                for event in self._heard(dump):
                    if "verdict" in event:
                        return
                    yield event
                    if "mistake" in event:
                        return
                    self.stage = f"after the check {event['check']['name']!r}" if "check" in event else "in its first check"
                yield {"check": asdict(Check("verdict", (self._failure(dump),)))}
            finally:
                self._kill()
                with suppress(BrokenPipeError), self.process:
                    pass  # closes its pipes and waits for its end

    def _heard(self, dump: Path) -> Iterator[dict[str, Any]]:
        """Each line that the child writes, within the time limit."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        timer = self._timer()
        try:
            for part in (sys.path, self.request | {"dump": str(dump)}):
                self.process.stdin.write(json.dumps(part) + "\n")
            self.process.stdin.flush()  # not closed: the child ends when it is closed, also by the death of this process
            for line in self.process.stdout:
                timer.cancel()
                yield json.loads(line)
                timer = self._timer()
        except BrokenPipeError:
            pass  # the child is already dead; its exit status says why
        finally:
            timer.cancel()

    def _timer(self) -> Timer:
        timer = Timer(self.timeout + GRACE, self._too_late)
        timer.daemon = True
        timer.start()
        return timer

    def _bury(self) -> None:
        self.process.wait()
        self._kill()

    def _too_late(self) -> None:
        self.timed_out = True
        self._kill()

    def _kill(self) -> None:
        """End the child and the processes that it has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):  # they have already ended
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def _failure(self, dump: Path) -> Finding:
        """The finding that says why there is no verdict."""
        try:
            status: int | None = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            status = None  # still alive, but it has closed its output
        told = dump.read_text(encoding="utf-8", errors="replace") if dump.exists() else ""
        place = _place(told)
        name = Path(self.subject.rpartition(":")[0]).name or self.subject
        if self.timed_out or told.startswith("Timeout"):
            what = f"takes more than {self.timeout:g} s {self.stage}{place}"
            fix = "Look there for code that does not end; if it is only slow, raise the limit with --timeout"
            return Finding(what, name, fix)
        if status is not None and status < 0:
            what = _signal(-status)
            return Finding(f"crashes the process ({what}) {self.stage}{place}", name, _FIXES.get(what, "Do not send it signals"))
        what = "closes the files of the process" if status is None else f"ends the process, with exit status {status},"
        return Finding(f"{what} {self.stage}", name, "Raise an error instead; sys.exit and os._exit are only for programs")


_FIXES = {
    "SIGKILL": "Check whether memory ran out, and use less at a time",
    **dict.fromkeys(
        ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL"),
        "Look there for compiled code that gets an index out of range, or an array of the wrong type",
    ),
}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _place(dump: str) -> str:
    """The last line of the user's own code in a traceback by `faulthandler`, " (my_shop.py:12)"; empty if there is none."""
    for file, line in _FRAME.findall(dump):
        if not (is_library(file) or is_package(file)):
            return f" ({Path(file).name}:{line})"
    return ""


def _check(event: dict[str, Any]) -> Check:
    made = event["check"]
    return Check(**made | {"findings": tuple(Finding(**each) for each in made["findings"])})


# ---- in the child


def child() -> None:
    """Read the request from standard input, run the checks, and write each result to standard output as a line of JSON."""
    import faulthandler

    said, heard = os.fdopen(os.dup(1), "w", encoding="utf-8"), os.dup(0)
    request = json.loads(sys.stdin.readline())
    os.dup2(2, 1)  # prints of the user's code go to standard error, apart from the results
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _end_with(heard)
    with open(request["dump"], "w", encoding="utf-8") as dump:
        faulthandler.enable(dump)

        def limit() -> None:
            faulthandler.dump_traceback_later(request["timeout"], exit=True, file=dump)

        _examine(request, said, limit)
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()


def _examine(request: dict[str, Any], said: IO[str], limit: Any) -> None:
    from slategym.testing.discovery import examine

    def say(event: dict[str, Any]) -> None:
        said.write(json.dumps(event) + "\n")
        said.flush()

    limit()
    try:
        subject = examine(request["subject"], request["world"])
    except (ValueError, OSError, ImportError) as error:
        say({"mistake": str(error)})
        return
    say({"subject": {"name": subject.name, "kind": subject.kind}})
    limit()
    for check in subject.checks:
        say({"check": asdict(check)})
        limit()
    say({"verdict": True})


def _end_with(pipe: int) -> None:
    """End this process when the other end of a pipe is closed, which means that the parent process is dead."""

    def wait() -> None:
        while os.read(pipe, 1):
            pass
        os._exit(1)

    Thread(target=wait, daemon=True).start()
