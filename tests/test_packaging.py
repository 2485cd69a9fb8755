"""The sdist and the wheel hold everything, and the wheel works alone, away from the repository."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.readme import PYTHON, ROOT, SLATEGYM, run_command, run_python

CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
VERSIONS = [
    version for each in CLASSIFIERS if (version := each.removeprefix("Programming Language :: Python :: ")).startswith("3.")
]
ROOMS = ("sim", "envs", "agents", "bench", "scripts")
LEFT_OUT = (".*", "*.egg-info", "__pycache__", "build", "dist", "runs")

pytestmark = pytest.mark.xdist_group("packaging")  # one worker, so that the wheel is built once


def complete(*command: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command that must succeed, run in that folder with nothing of this process on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NUMBA"))}
    result = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def run(*command: object, folder: Path) -> str:
    """Its output."""
    return complete(*command, folder=folder).stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A clean copy of the repository, without what earlier builds left in it."""
    folder = tmp_path_factory.mktemp("repository") / "slategym"
    return Path(shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)))


@pytest.fixture(scope="module")
def expected(source) -> set[str]:
    """Every file that belongs to the package, as it is called in the wheel."""
    package = source / "src" / "slategym"
    places = [*package.iterdir(), *(path for folder in ("logs", "utils", "testing") for path in (package / folder).rglob("*"))]
    files = [path.relative_to(source / "src") for path in places if path.is_file()]
    for room in ROOMS:
        files += ["slategym" / path.relative_to(source) for path in (source / room).rglob("*") if path.is_file()]
    return {file.as_posix() for file in files}


@pytest.fixture(scope="module")
def dist(source, tmp_path_factory) -> Path:
    """The folder of the sdist, and of the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, folder=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist) -> Path:
    """The wheel, built from the sdist."""
    (built,) = dist.glob("*.whl")
    return built


def new_environment(folder: Path, *what: object) -> Path:
    """The folder of the commands of a new environment: what is to be installed, and this one's libraries to depend on."""
    venv.create(folder)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    # A plain path in a .pth file gives the libraries without their own .pth files, so without an editable slategym.
    own = Path(run(scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip())
    libraries = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (own / "libraries.pth").write_text("\n".join(libraries))
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall", *what, folder=folder)
    return scripts


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The folder of the commands of a new environment that holds the wheel."""
    return new_environment(tmp_path_factory.mktemp("clean"), wheel)


def held_by(wheel: Path) -> Counter[str]:
    """How often a wheel holds each file of the package."""
    with zipfile.ZipFile(wheel) as archive:
        return Counter(name for name in archive.namelist() if ".dist-info/" not in name)


def test_wheel_holds_every_file_of_every_room_once(expected, wheel):
    held = held_by(wheel)
    assert sorted(expected - held.keys()) == [], "missing: is the package, or the kind of file, listed in pyproject.toml?"
    assert sorted(held.keys() - expected) == []
    assert max(held.values()) == 1


@pytest.mark.slow
def test_wheel_of_the_repository_is_that_of_the_sdist(source, wheel, tmp_path):
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        ".",
        source,
        folder=tmp_path,
    )
    (built,) = tmp_path.glob("*.whl")
    assert held_by(built) == held_by(wheel)


@pytest.mark.slow
def test_sdist_holds_every_file_of_every_room_once(expected, dist):
    (built,) = dist.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        members = archive.getmembers()
    assert not [member.name for member in members if member.issym() or member.islnk()]
    names = [member.name.partition("/")[2] for member in members if member.isfile()]
    held = Counter(name.removeprefix("src/") for name in names if name.startswith("src/slategym/"))
    assert held == Counter(expected)
    assert not [name for name in names if name.split("/")[0] in ROOMS], "a room stands beside src/ a second time"


@pytest.mark.slow
def test_editable_install_wins_over_the_folder_of_its_name(source, tmp_path_factory):
    scripts = new_environment(tmp_path_factory.mktemp("editable"), "--editable", source)
    assert source.name == "slategym"
    found = run(scripts / "python", "-c", "import slategym; print(slategym.__file__)", folder=source.parent).strip()
    assert Path(found) == source / "src" / "slategym" / "__init__.py"


def test_clone_without_links_says_what_to_do(tmp_path):
    """Git without symbolic links, as on Windows, writes the path that a link leads to into a file."""
    source = tmp_path / "slategym"
    shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT, *ROOMS, "docs", "tests"))
    for room in ROOMS:
        (source / room).mkdir()
        (source / "src" / "slategym" / room).write_text(f"../../{room}")
    pip = ("-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--target", tmp_path / "there", source)
    for command, folder in ((pip, tmp_path), (("-c", "import slategym"), source / "src")):
        done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True)
        assert done.returncode != 0
        assert "run `git config core.symlinks true` and `git checkout -- src`" in done.stdout + done.stderr


@pytest.mark.slow
def test_every_module_of_the_wheel_imports(wheel, environment, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        names = [
            name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name in archive.namelist()
            if name.endswith(".py")
        ]
    script = "import importlib, sys\nfor name in sys.argv[1:]: print(importlib.import_module(name).__file__)"
    origins = run(environment / "python", "-c", script, *names, folder=tmp_path).splitlines()
    assert len(origins) == len(names) > len(ROOMS)
    assert [origin for origin in origins if not Path(origin).is_relative_to(environment.parent)] == []


@pytest.mark.slow
def test_command_tells_its_version(wheel, environment, tmp_path):
    version = wheel.name.split("-")[1]
    assert run(environment / "slategym", "--version", folder=tmp_path).split() == ["slategym", version]


@pytest.mark.slow  # it compiles all kernels anew
def test_ten_slates_from_another_folder(environment, tmp_path):
    import pyarrow.parquet as parquet

    command = (
        environment / "slategym",
        "simulate",
        "--world",
        "Shop-v0",
        "--agent",
        "random",
        "--slates",
        10,
        "--seed",
        0,
        "--out",
    )
    first, second = (complete(*command, out, folder=tmp_path) for out in ("ten", "again"))
    assert parquet.read_metadata(tmp_path / "ten" / "log" / "part-000000.parquet").num_rows == 10
    assert json.loads((tmp_path / "ten" / "run.json").read_text())
    assert first.stderr.count("slategym: compiling kernels for this machine") == 1
    assert "compiling" not in second.stderr


def find_python(version: str) -> Path | None:
    """A Python of that version: on the path, or one of pyenv's."""
    on_path = shutil.which(f"python{version}")
    of_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin/python")
    for python in ([on_path] if on_path else []) + sorted(of_pyenv):
        if subprocess.run([python, "-c", "import venv"], capture_output=True).returncode == 0:  # a shim may lead nowhere
            return Path(python)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_pip_install_alone_runs_the_readme(version, source, monkeypatch):
    """No extras and no make, in an environment of its own, on every Python that pyproject.toml claims and this machine has."""
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with TemporaryDirectory() as temporary:  # removed at once: torch may bring gigabytes
        folder = Path(temporary)
        own = folder / "environment" / "bin" / "python"
        run(python, "-m", "venv", folder / "environment", folder=folder)
        run(own, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", source, folder=folder)
        for block in PYTHON:
            run_python(block, own, folder)
        for line in SLATEGYM:
            run_command(line, own, folder)
        assert (folder / "runs" / "first" / "log" / "log.json").exists()
