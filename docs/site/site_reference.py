"""The pages of the reference: commands, worlds and public names, made from the code, and the files at the root of the project."""

import importlib
import inspect
import re
from pathlib import Path

import typer

from slategym.scripts.main import app
from slategym.sim.worlds import WORLDS, make_world, world_options
from slategym.utils.options import REQUIRED, without_arguments

ROOT = Path(__file__).parents[2]
PACKAGES = ("slategym", "slategym.sim", "slategym.envs", "slategym.agents", "slategym.logs", "slategym.bench", "slategym.testing")
OF_THE_PROJECT = ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING")
HEADING = re.compile(r"^([A-Z][\w ]*):$")


def write_reference(docs):
    """Write the pages into reference/ and project/ of a folder of pages."""
    pages = {f"project/{name.lower()}.md": of_the_project(ROOT / f"{name}.md") for name in OF_THE_PROJECT}
    commands = dict(commands_of(typer.main.get_command(app), ("slategym",)))
    pages["reference/commands/index.md"] = index(
        "Commands", "Every command, as `slategym COMMAND --help` shows it.", [name.replace(" ", "-") for name in commands]
    )
    for name, command in commands.items():
        pages[f"reference/commands/{name.replace(' ', '-')}.md"] = command_page(name, command)
    pages["reference/worlds/index.md"] = index("Worlds", "Every built-in world, as `slategym worlds NAME` shows it.", WORLDS)
    pages |= {f"reference/worlds/{name}.md": world_page(name) for name in WORLDS}
    pages["reference/api/index.md"] = index("Python", "The public names, by package.", PACKAGES)
    for package in PACKAGES:
        pages[f"reference/api/{package}.rst"] = package_page(package)
    for name, text in pages.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def index(title, said, names):
    """A page that lists pages."""
    listed = "\n".join(names)
    return f"# {title}\n\n{said}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"


def of_the_project(path):
    """A file of the project's root, whose links lead from a folder of the site."""

    def link(match):
        target = match[1].removeprefix("docs/")
        if match[1] in ("README.md", "docs/README.md"):
            return "](../index.md)"
        return f"](../{target})" if match[1].startswith("docs/") else f"]({target.lower()})"

    return re.sub(r"\]\(((?!http|#)[^)]+\.md)(?:#[\w-]*)?\)", link, path.read_text(encoding="utf-8"))


# Commands


def commands_of(group, words):
    """(words, command) of all commands below a group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def command_page(words, command):
    """What a command does, its usage and its options."""
    context = typer.Context(command, info_name=words)
    usage = " ".join(command.collect_usage_pieces(context))
    rows = []
    for each in command.params:
        shown = each.get_help_record(context)
        if shown is None:  # arguments
            shown = (each.make_metavar(context), getattr(each, "help", None) or "")
        rows.append(f"| `{in_cell(shown[0])}` | {in_cell(plain(shown[1]))} |")
    table = "\n".join(["| option | meaning |", "|---|---|", *rows])
    said = plain(inspect.cleandoc(command.help or "").replace("\b\n", ""))
    return f"# {words}\n\n{said}\n\n```text\n{words} {usage}\n```\n\n{table}\n"


def plain(text):
    """Text in which Markdown sees no markup but names between backticks."""
    parts = re.split(r"(`[^`\n]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]$])", r"\\\1", part) for part in parts)


def in_cell(text):
    """Text on one line, without what would end a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())


# Worlds


def world_page(name):
    """The docstring of a world, its options, what is observed and what is earned."""
    said = without_arguments(inspect.getdoc(WORLDS[name]) or "").removeprefix(f"{name}: ").partition("\n\nRaises:")[0]
    text = [f"# {name}", *sections(said[:1].upper() + said[1:])]
    options = world_options(name).values()
    rows = [f"| `{each.name}` | `{default(each)}` | {in_cell(plain(each.meaning))} |" for each in options]
    text += [
        "## Options",
        f"As in `{name}:{next(iter(options)).name}=...`.",
        "\n".join(["| option | default | meaning |", "|---|---|---|", *rows]),
    ]
    if all(each.default is not REQUIRED for each in options):
        world = make_world(name)
        text.append("## Size and observation")
        text.append(f"{world.catalog.size:,} items, slates of {world.slate_size}, up to {world.visits} visits.")
        text.append(f"```text\n{world.layout.describe()}\n```")
    return "\n\n".join(text) + "\n"


def default(option):
    """How a default is written behind a name."""
    value = option.default
    if value is REQUIRED:
        return "required"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def sections(doc):
    """Markdown of a docstring: lines that end with a colon and are followed by indented ones become headings."""
    lines, paragraph = doc.split("\n"), []
    for place, line in enumerate(lines):
        follows = lines[place + 1] if place + 1 < len(lines) else ""
        if HEADING.match(line) and follows.startswith("    "):
            yield plain("\n".join(paragraph)).strip()
            yield f"## {HEADING.match(line)[1]}"
            paragraph = []
        else:
            paragraph.append(line.strip())
    yield plain("\n".join(paragraph)).strip()


# Python


def package_page(package):
    """The public names of a package that no package before it has."""
    module = importlib.import_module(package)
    before = set()
    for other in PACKAGES[: PACKAGES.index(package)]:
        before |= set(importlib.import_module(other).__all__)
    text = [package, "=" * len(package), "", (module.__doc__ or "").split("\n")[0], ""]
    elsewhere = [name for name in module.__all__ if name in before]
    if elsewhere:
        text += ["Also here: " + ", ".join(f"``{name}``" for name in elsewhere) + ".", ""]
    for name in module.__all__:
        if name not in before:
            text += [*entry(package, name, getattr(module, name)), ""]
    return "\n".join(text)


def entry(package, name, thing):
    """The directive that documents a name."""
    if inspect.isclass(thing):
        return [f".. autoclass:: {package}.{name}"]
    if inspect.isroutine(thing):
        return [f".. autofunction:: {package}.{name}"]
    return [f".. py:data:: {package}.{name}", "", f"   {type(thing).__name__}"]
