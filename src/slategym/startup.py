"""The start of the command `slategym`, before anything slow is imported; without effect in other programs.

Importing this module does it, so that it stands among the imports, above the slow ones.
"""

from __future__ import annotations

import os
import signal
import sys

COMPLETION = "_SLATEGYM_COMPLETE"  # the shell asks for completions, and nothing else may be said


def begin() -> None:
    """Let Ctrl-C end the command at once, and say that it has begun.

    Python turns Ctrl-C into an exception, which some modules swallow while they are imported (those of numpy.random), and which
    ends as a traceback elsewhere. The run takes over when there is something to keep (`bench.jobs.interruption`).
    """
    if not is_command():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where the shell has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program, *words = sys.argv
    names_command = program.endswith(".py") or (words and words[0].isidentifier())  # --version is there at once
    if names_command and "--help" not in words and COMPLETION not in os.environ:
        print("slategym: loading ...", file=sys.stderr, flush=True)


def is_command() -> bool:
    """Whether this process is `slategym`, `python -m slategym` or a file of `scripts/`, and no worker of theirs."""
    if not sys.argv or "--multiprocessing-fork" in sys.orig_argv:
        return False
    program = sys.argv[0]
    if program == "-m":  # until Python has found the module
        return any(word.removeprefix("-m").partition(".")[0] == "slategym" for word in sys.orig_argv[1:])
    if os.path.basename(program).removesuffix(".exe") == "slategym":
        return True
    scripts = os.path.join(os.path.dirname(__file__), "scripts")
    return program.endswith(".py") and os.path.realpath(os.path.dirname(program)) == os.path.realpath(scripts)


begin()
