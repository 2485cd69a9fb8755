"""Configurations of commands: the file `config.toml` of a run, and the options `--config FILE` and `--set KEY=VALUE`."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from slategym import __version__
from slategym.scripts.common import options
from slategym.scripts.common.command_line import ELSEWHERE, FOLLOWING, OWN, command_line, is_several, source_of
from slategym.scripts.common.following import prepare
from slategym.scripts.common.terminal import mistakes, writing
from slategym.scripts.common.toml import as_toml
from slategym.utils.lookup import choose
from slategym.utils.ranges import Port
from slategym.utils.specification import join_options, split_options, terms

FILE = "config.toml"
MADE = "slategym"  # the section of the file that records its origin
NAME = "name"  # key of a world's or an agent's name in a table with its options
DEFAULTS = (  # options without a value on the command line, whose defaults are written to the file
    "agents",
    "models",
    "references",
    "scalarizers",
    "tasks",
    "worlds",
)
PERMISSION = ("force", "trust")  # only accepted on the command line

_STATE = "slategym.configuration"


def configured(command: Callable[..., None], tracked: bool = True) -> Callable[..., None]:
    """Add the options `--config` and `--set` to a command, and `--track` and `--watch` if its runs can be tracked.

    The entries of the file replace the options' defaults and are checked like options. Options on the command line override the
    file. If both `--set` and an option give the same entry, the command is refused.

    Args:
        command: a function for Typer, with an argument `context`.
        tracked: whether to add `--track`, `--watch` and `--watch-port`.
    """

    def read(context: typer.Context, parameter: typer.CallbackParam, value: Any) -> Any:
        if not context.resilient_parsing:
            given = context.meta.setdefault(_STATE, {})
            given[parameter.name] = value
            if len(given) == len(OWN):
                with mistakes():
                    content = _read_file(given["config_file"], command.__name__) if given["config_file"] else {}
                    given["made"] = content.pop(MADE, {})
                    context.default_map = _defaults(context, content, given["changes"] or ())
        return value

    config = Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="File with options, such as config.toml of an earlier run; options on the command line override it.",
            metavar="FILE",
            callback=read,
            is_eager=True,
        ),
    ]
    change = Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change an entry of the configuration: slates=1e5, world.items=50, agents.0.alpha=0.3; repeatable.",
            metavar="KEY=VALUE",
            callback=read,
            is_eager=True,
        ),
    ]

    follow = Annotated[
        str | None,
        typer.Option(
            help="Record metrics of every run in OUT/tracking: csv, tensorboard, wandb:project=shop or trackio; all except csv "
            'need pip install "slategym[track]".',
            metavar="NAME[:OPTION=VALUE,...]",
        ),
    ]
    watch = Annotated[bool, typer.Option("--watch", help="Show the runs on a live page, available only on this machine.")]
    port = Annotated[int | None, options.count("Port of the live page; implies --watch (default: a free port).", Port)]

    @wraps(command)
    def run(context: typer.Context, **arguments: Any) -> None:
        for name in added:
            arguments.pop(name)
        with mistakes():
            _refuse_twice(context, context.params["changes"] or ())
            if tracked:
                prepare(context)
        command(context=context, **arguments)

    signature = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    added: dict[str, Any] = dict(zip(OWN, (config, change), strict=True))
    if tracked:
        added |= dict(zip(FOLLOWING, (follow, watch, port), strict=True))
    further = [
        inspect.Parameter(name, kind, default=False if name == "watch" else None, annotation=annotation)
        for name, annotation in added.items()
    ]
    # Typer reads these attributes; mypy's type of a function does not have them.
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *further])  # type: ignore[attr-defined]
    run.__annotations__ = {name: each.annotation for name, each in run.__signature__.parameters.items()}  # type: ignore[attr-defined]
    return run


def write_configuration(context: typer.Context, folder: Path, config: Mapping[str, Any]) -> None:
    """Write FOLDER/config.toml: the options, and the same command, version and fingerprint as in the results.

    Args:
        context: Typer's context of the command.
        folder: folder of the run.
        config: configuration that the results contain (`bench.comparison.results.configuration`); it fills in options that were
            not given, such as the default agents.

    Raises:
        Exit: the file cannot be written.
    """
    from slategym.utils.storage.files import write_text

    content: dict[str, Any] = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if name in (*ELSEWHERE, *OWN, *PERMISSION):
            continue
        if is_several(parameter):
            value = config.get(name) if not value and name in DEFAULTS else value
            content[name] = [_split(each) if _has_options(parameter) else each for each in value or ()]
        elif isinstance(value, str | Path):
            content[name] = _split(str(value)) if _has_options(parameter) else str(value)
        else:
            content[name] = value
    content = {name: value for name, value in content.items() if value not in (None, [], "")}
    made = {"command": command_line(context), "version": __version__}
    if config.get("fingerprint"):
        made["fingerprint"] = config["fingerprint"]
    text = f"# To run it again: slategym {context.command.name} --config {FILE}\n{as_toml(content)}\n[{MADE}]\n{as_toml(made)}"
    with writing():
        write_text(folder / FILE, text)
    _tell_other_code(context, config.get("fingerprint"))


def _tell_other_code(context: typer.Context, fingerprint: str | None) -> None:
    """Warn that numbers may differ if an unchanged configuration is run with other code than the code that wrote it."""
    state = context.meta.get(_STATE, {})
    before = state.get("made", {}).get("fingerprint")
    same = not state.get("changes") and not any(
        source_of(context, parameter.name or "") == "COMMANDLINE"
        for parameter in context.command.params
        if parameter.name not in (*ELSEWHERE, *OWN, *PERMISSION)
    )
    if before and same and before != fingerprint:
        version = state["made"].get("version", "another version")
        typer.echo(
            f"slategym: the code has changed since {state['config_file']} was written (slategym {version}): numbers may differ",
            err=True,
        )


def _read_file(path: Path, command: str) -> dict[str, Any]:
    """The content of a configuration file.

    Raises:
        ValueError: it is not TOML, or belongs to another command.
        OSError: it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--config is {path}, and there is no such file: expected a file such as runs/Shop-v0/{FILE}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as TOML: {error}") from error
    made = content.setdefault(MADE, {})
    words = str(made.get("command", "")).split() if isinstance(made, dict) else []
    if words[1:] and words[1] != command:
        raise ValueError(f"{path} belongs to slategym {words[1]}, and this is slategym {command}: give it to slategym {words[1]}")
    return content


def _defaults(context: typer.Context, content: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """The values, as text, that replace the options' defaults.

    Raises:
        ValueError: there is no such option, or a value has the wrong form.
    """
    known = {each.name: each for each in context.command.params if each.name not in (*OWN, *PERMISSION, "help")}
    content = deepcopy(content)
    for name in content:
        choose("entry of the configuration", name, known)
    for change in changes:
        _change(content, change, known)
    return {name: _values(known[name], value) for name, value in content.items()}


def _change(content: dict[str, Any], change: str, known: Mapping[str, Any]) -> None:
    """Apply a change such as agents.0.alpha=0.3.

    Raises:
        ValueError: it has another form, or there is no such entry.
    """
    key, sign, value = change.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"--set is {change!r}: expected KEY=VALUE, such as slates=1e5 or agents.0.alpha=0.3")
    root, *path = key.strip().split(".")
    parameter = choose("entry of the configuration", root, known)
    if is_several(parameter):
        entries = content.get(root, [])
        if not isinstance(entries, list) or not path or not path[0].isdecimal() or int(path[0]) >= len(entries):
            there = f"one of {root}.0 to {root}.{len(entries) - 1}" if entries else f"a configuration with a list of {root}"
            raise ValueError(f"--set {change}: expected {there}")
        place = int(path[0])
        entries[place] = _changed(entries[place], path[1:], value, parameter, change)
    else:
        content[root] = _changed(content.get(root, parameter.default), path, value, parameter, change)


def _changed(before: Any, path: Sequence[str], value: str, parameter: Any, change: str) -> Any:
    """A new value, or the old value with one of its options changed."""
    if not path:
        return value
    table = _split(before) if isinstance(before, str) else before
    if not _has_options(parameter) or not table:
        raise ValueError(f"--set {change}: {parameter.name} has no options here")
    if isinstance(table, str):
        if split_options(table)[1]:
            raise ValueError(f"--set {change}: {table} has bounds, which cannot be changed one by one: give the whole value")
        table = {NAME: table}
    return {**table, ".".join(path): value}


def _values(parameter: Any, value: Any) -> Any:
    """An entry of a configuration in the form that the option accepts.

    Raises:
        ValueError: it is a list where one value is expected, or one value where a list is expected.
    """
    if is_several(parameter):
        if not isinstance(value, list):
            raise ValueError(f"{parameter.name} is {value!r}: expected a list, such as {parameter.name} = [{value!r}]")
        return [_value(parameter, each) for each in value]
    numbers = isinstance(value, list) and all(isinstance(each, int | float) for each in value)
    return ",".join(_value(parameter, each) for each in value) if numbers else _value(parameter, value)


def _value(parameter: Any, value: Any) -> Any:
    if isinstance(value, dict) and _has_options(parameter) and isinstance(value.get(NAME), str):
        return join_options(value[NAME], {key: _plain(each) for key, each in value.items() if key != NAME})
    if isinstance(value, bool) and not getattr(parameter, "is_flag", False):
        return str(value).lower()
    if getattr(parameter, "is_flag", False) and value not in (True, False, "true", "false"):
        raise ValueError(f"{max(parameter.opts, key=len)} is {value!r}: expected true or false")
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return str(_plain(value))
    expected = 'a text, or a table such as {name = "lin-ts", alpha = 0.3}' if _has_options(parameter) else "a number or a text"
    raise ValueError(f"{parameter.name} is {value!r}: expected {expected}")


def _plain(value: Any) -> Any:
    """An integer for a float without a fraction, since 1e5 in TOML is a float."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _split(text: str) -> str | dict[str, Any]:
    """A table of a name and its options, or the text itself if it has no options or the table would not reproduce it."""
    name, given = split_options(text)
    if not given:
        return text
    try:
        table = {NAME: name} | {term.key: _guess(term.value) for term in terms(given)}
    except ValueError:
        return text
    return table if join_options(name, {key: each for key, each in table.items() if key != NAME}) == text else text


def _guess(text: str) -> Any:
    """The boolean or number that TOML writes as this text; otherwise the text."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text):
        for kind in (int, float):
            try:
                if str(kind(text)) == text and _plain(kind(text)) == kind(text) and str(_plain(kind(text))) == text:
                    return kind(text)
            except ValueError:
                continue
    return text


def _has_options(parameter: Any) -> bool:
    return "[:OPTION=VALUE" in (parameter.metavar or "")


def _refuse_twice(context: typer.Context, changes: Sequence[str]) -> None:
    """Refuse an entry that both --set and an option give.

    Raises:
        ValueError: there is one.
    """
    for change in changes:
        root = change.partition("=")[0].strip().split(".")[0]
        if source_of(context, root) == "COMMANDLINE":
            raise ValueError(f"--set {change} changes {root}, and another option of the command gives it too: give it once")
