"""The command line that reproduces a result."""

from __future__ import annotations

import shlex
from typing import Any

import typer

FOLLOWING = ("track", "watch", "watch_port")  # options of commands whose runs can be tracked
ELSEWHERE = ("out", "processes", "cluster", "join_log", "checkpoint_every", "force", *FOLLOWING)  # they change no results
OWN = ("config_file", "changes")  # --config and --set


def command_line(context: typer.Context) -> str:
    """The command that reproduces the same numbers, without the options that do not affect them (output folder, processes).

    It includes the settings that came from a configuration file.

    Args:
        context: Typer's context of the command.
    """
    words, arguments = ["slategym", context.command.name or ""], []
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        if name in (*ELSEWHERE, *OWN) or value is None:
            continue
        source = source_of(context, name)
        if source == "DEFAULT" or (source == "DEFAULT_MAP" and str(value) == str(parameter.default)):
            continue
        if parameter.param_type_name == "argument":
            arguments.append(str(value))
        elif isinstance(value, bool):
            words += (parameter.opts if value else parameter.secondary_opts)[:1]
        else:
            option = max(parameter.opts, key=len)
            words += [word for each in (value if is_several(parameter) else [value]) for word in (option, str(each))]
    return shlex.join([*words[:2], *arguments, *words[2:]])


def is_several(parameter: Any) -> bool:
    """Whether an option takes several values."""
    return bool(getattr(parameter, "multiple", False))


def source_of(context: typer.Context, name: str) -> str:
    """Where the value of an option comes from: "COMMANDLINE", "DEFAULT_MAP" (a configuration), "DEFAULT", ..."""
    source = context.get_parameter_source(name)
    return source.name if source else "DEFAULT"
