"""Prepares the command `slategym` before anything slow is imported. It has no effect in other programs.

The preparation runs when this module is imported, which must happen before the slow imports.
"""

from __future__ import annotations

import os
import signal
import sys

COMPLETION = "_SLATEGYM_COMPLETE"  # set by a shell that requests completions, which must be the only output


def begin() -> None:
    """Make Ctrl-C end the command at once, and print that the command is loading.

    Python turns Ctrl-C into an exception. Some modules, such as those of numpy.random, suppress it while they are imported, and
    elsewhere it prints a traceback. Later, when there are results to keep, `bench.jobs.interruption` handles Ctrl-C.
    """
    if not is_command():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # keep it ignored if the shell ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program, *words = sys.argv
    names_command = program.endswith(".py") or (words and words[0].isidentifier())  # --version needs no loading
    if names_command and "--help" not in words and COMPLETION not in os.environ:
        print("slategym: loading ...", file=sys.stderr, flush=True)


def is_command() -> bool:
    """Whether this process is `slategym`, `python -m slategym` or a file of `scripts/`, and not one of their workers."""
    if not sys.argv or "--multiprocessing-fork" in sys.orig_argv:
        return False
    program = sys.argv[0]
    if program == "-m":  # sys.argv[0] until Python has found the module
        return any(word.removeprefix("-m").partition(".")[0] == "slategym" for word in sys.orig_argv[1:])
    if os.path.basename(program).removesuffix(".exe") == "slategym":
        return True
    scripts = os.path.join(os.path.dirname(__file__), "scripts")
    return program.endswith(".py") and os.path.realpath(os.path.dirname(program)) == os.path.realpath(scripts)


begin()
