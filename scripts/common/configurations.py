"""Configurations of commands: `config.toml` of a run, `--config FILE` that runs from one, and `--set KEY=VALUE`."""

from __future__ import annotations

import inspect
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slategym import __version__
from slategym.scripts.common.terminal import mistakes, writing
from slategym.scripts.common.toml import as_toml
from slategym.utils.lookup import choose
from slategym.utils.specification import join_options, split_options, terms

if TYPE_CHECKING:
    from slategym.bench.tracking.tracker import Tracking

FILE = "config.toml"
MADE = "slategym"  # the entry of a file on what made it
NAME = "name"  # of a world or an agent whose options stand beside it
ELSEWHERE = ("out", "processes", "cluster", "join_log", "checkpoint_every", "force", "track")  # options that change no number
OWN = ("config_file", "changes")
DEFAULTS = ("agents", "models", "scalarizers", "worlds")  # which the configuration of a run names where the command was not told
PERMISSION = ("force", "trust")  # given by hand alone

_STATE = "slategym.configuration"


def configured(command: Callable[..., None], tracked: bool = True) -> Callable[..., None]:
    """A command that also runs from a configuration, by `--config` and `--set`.

    What the file says takes the place of the options' defaults and is checked as options are; options of the command line win
    over the file, and what both `--set` and an option say is refused.

    Args:
        command: a function as Typer takes it, with a `context`.
        tracked: whether its runs can be followed, by `--track`.
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
            help="Configuration to run from, as config.toml of an earlier run; other options win over it.",
            metavar="FILE",
            callback=read,
            is_eager=True,
        ),
    ]
    change = Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change of the configuration: slates=1e5, world.items=50, agents.0.alpha=0.3; repeatable.",
            metavar="KEY=VALUE",
            callback=read,
            is_eager=True,
        ),
    ]

    follow = Annotated[
        str | None,
        typer.Option(
            help="Follow every run in OUT/tracking: csv, tensorboard, wandb:project=shop or trackio; all but csv need the extra "
            "track.",
            metavar="NAME[:OPTION=VALUE,...]",
        ),
    ]

    @wraps(command)
    def run(context: typer.Context, **arguments: Any) -> None:
        for name in added:
            arguments.pop(name)
        with mistakes():
            _refuse_twice(context, context.params["changes"] or ())
            tracking_of(context, Path())
        command(context=context, **arguments)

    signature = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    added = dict(zip(OWN, (config, change), strict=True)) | ({"track": follow} if tracked else {})
    further = [inspect.Parameter(name, kind, default=None, annotation=annotation) for name, annotation in added.items()]
    # What Typer reads: a function has these attributes, and its type does not say so.
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *further])  # type: ignore[attr-defined]
    run.__annotations__ = {name: each.annotation for name, each in run.__signature__.parameters.items()}  # type: ignore[attr-defined]
    return run


def tracking_of(context: typer.Context, folder: Path) -> Tracking | None:
    """What makes the trackers of a command's runs, if it was told to track them.

    Args:
        context: of the command.
        folder: of the run.

    Raises:
        ValueError: there is no such tracker or option.
        ImportError: its library is not installed.
    """
    if context.params.get("track") is None:
        return None
    from slategym.bench.tracking.tracker import FOLDER, Tracking

    return Tracking(context.params["track"], folder / FOLDER)


def command_line(context: typer.Context) -> str:
    """The command that gives the same numbers, with what a configuration said in it; without where it writes and how it runs.

    Args:
        context: of the command.
    """
    words, arguments = ["slategym", context.command.name or ""], []
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        if name in (*ELSEWHERE, *OWN) or value is None:
            continue
        source = _source(context, name)
        if source == "DEFAULT" or (source == "DEFAULT_MAP" and str(value) == str(parameter.default)):
            continue
        if parameter.param_type_name == "argument":
            arguments.append(str(value))
        elif isinstance(value, bool):
            words += (parameter.opts if value else parameter.secondary_opts)[:1]
        else:
            option = max(parameter.opts, key=len)
            words += [word for each in (value if _several(parameter) else [value]) for word in (option, str(each))]
    return shlex.join([*words[:2], *arguments, *words[2:]])


def write_configuration(context: typer.Context, folder: Path, config: Mapping[str, Any]) -> None:
    """Write FOLDER/config.toml: what was asked for, and the command, version and fingerprint that its results name.

    Args:
        context: of the command.
        folder: of the run.
        config: of the run, as its results hold it (`bench.comparison.results.configuration`); it says what was run where the
            command was not told, such as the default agents.

    Raises:
        Exit: the disk refuses.
    """
    from slategym.utils.storage.files import write_text

    content: dict[str, Any] = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if name in (*ELSEWHERE, *OWN, *PERMISSION):
            continue
        if _several(parameter):
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
    """Say that numbers may differ, where a configuration is run as it is, by other code than that which wrote it."""
    state = context.meta.get(_STATE, {})
    before = state.get("made", {}).get("fingerprint")
    same = not state.get("changes") and not any(
        _source(context, parameter.name or "") == "COMMANDLINE"
        for parameter in context.command.params
        if parameter.name not in (*ELSEWHERE, *OWN, *PERMISSION)
    )
    if before and same and before != fingerprint:
        version = state["made"].get("version", "another version")
        typer.echo(
            f"slategym: {state['config_file']} was written by other code (slategym {version}): numbers may differ", err=True
        )


def _read_file(path: Path, command: str) -> dict[str, Any]:
    """The content of a configuration.

    Raises:
        ValueError: it is no TOML, or of another command.
        OSError: it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--config is {path}: expected a file such as runs/Shop-v0/{FILE}, and there is none")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as TOML: {error}") from error
    made = content.setdefault(MADE, {})
    words = str(made.get("command", "")).split() if isinstance(made, dict) else []
    if words[1:] and words[1] != command:
        raise ValueError(f"{path} is of slategym {words[1]}, and this is slategym {command}: give it to the other command")
    return content


def _defaults(context: typer.Context, content: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """What takes the place of the options' defaults, as their text.

    Raises:
        ValueError: there is no such option, or a value of another form.
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
        ValueError: it is of another form, or there is nothing that it could change.
    """
    key, sign, value = change.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"--set is {change!r}: expected KEY=VALUE, such as slates=1e5 or agents.0.alpha=0.3")
    root, *path = key.strip().split(".")
    parameter = choose("entry of the configuration", root, known)
    if _several(parameter):
        entries = content.get(root, [])
        if not isinstance(entries, list) or not path or not path[0].isdecimal() or int(path[0]) >= len(entries):
            there = f"{root}.0 to {root}.{len(entries) - 1}" if entries else f"{root} in the configuration, which has none"
            raise ValueError(f"--set {change}: expected one of {there}")
        place = int(path[0])
        entries[place] = _changed(entries[place], path[1:], value, parameter, change)
    else:
        content[root] = _changed(content.get(root, parameter.default), path, value, parameter, change)


def _changed(before: Any, path: Sequence[str], value: str, parameter: Any, change: str) -> Any:
    """A value with one of its options changed, or another value."""
    if not path:
        return value
    table = _split(before) if isinstance(before, str) else before
    if not _has_options(parameter) or not table:
        raise ValueError(f"--set {change}: {parameter.name} has no options here")
    if isinstance(table, str):
        if split_options(table)[1]:
            raise ValueError(f"--set {change}: {table} has bounds, so give it as a whole")
        table = {NAME: table}
    return {**table, ".".join(path): value}


def _values(parameter: Any, value: Any) -> Any:
    """An entry of a configuration as the option takes it.

    Raises:
        ValueError: a list where one value is expected, or the other way round.
    """
    if _several(parameter):
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
    """A number as people write it: 1e5 in TOML is a float."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _split(text: str) -> str | dict[str, Any]:
    """A table of a name and its options; the text itself where it has none, or where a table would not give it again."""
    name, given = split_options(text)
    if not given:
        return text
    try:
        table = {NAME: name} | {term.key: _guess(term.value) for term in terms(given)}
    except ValueError:
        return text
    return table if join_options(name, {key: each for key, each in table.items() if key != NAME}) == text else text


def _guess(text: str) -> Any:
    """The value that TOML would write as that text; else the text."""
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


def _several(parameter: Any) -> bool:
    return bool(getattr(parameter, "multiple", False))


def _has_options(parameter: Any) -> bool:
    return "[:OPTION=VALUE" in (parameter.metavar or "")


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source else "DEFAULT"


def _refuse_twice(context: typer.Context, changes: Sequence[str]) -> None:
    """Refuse what is said by both --set and an option.

    Raises:
        ValueError: there is such a thing.
    """
    for change in changes:
        root = change.partition("=")[0].strip().split(".")[0]
        if _source(context, root) == "COMMANDLINE":
            raise ValueError(f"--set {change} changes {root}, which another option of the command gives too: give it once")
