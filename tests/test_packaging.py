"""The sdist and the wheel hold everything, and the wheel works alone, away from the repository."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("sim", "envs", "agents", "bench", "scripts")
LEFT_OUT = (".*", "*.egg-info", "__pycache__", "build", "dist", "runs")

pytestmark = pytest.mark.xdist_group("packaging")  # one worker, so that the wheel is built once


def run(*command: object, folder: Path) -> str:
    """The output of a command that must succeed, run in that folder with nothing of this process on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A clean copy of the repository, without what earlier builds left in it."""
    folder = tmp_path_factory.mktemp("repository") / "slategym"
    return Path(shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)))


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    """The wheel, built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The folder of the commands of a new environment that holds the wheel, and this one's libraries to depend on."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, folder=folder)
    # A plain path in a .pth file gives the libraries without their own .pth files, so without an editable slategym.
    own = Path(run(scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip())
    libraries = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (own / "libraries.pth").write_text("\n".join(libraries))
    return scripts


def test_wheel_holds_every_file_of_every_room_once(source, wheel):
    door = source / "src" / "slategym"
    expected = {f"slategym/{path.name}" for path in door.iterdir() if path.is_file()}
    for room in ROOMS:
        files = (path.relative_to(source) for path in (source / room).rglob("*") if path.is_file())
        expected.update(f"slategym/{file.as_posix()}" for file in files)
    with zipfile.ZipFile(wheel) as archive:
        held = Counter(name for name in archive.namelist() if ".dist-info/" not in name)
    assert sorted(expected - held.keys()) == [], "missing: is the package, or the kind of file, listed in pyproject.toml?"
    assert sorted(held.keys() - expected) == []
    assert max(held.values()) == 1


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


def test_command_tells_its_version(wheel, environment, tmp_path):
    version = wheel.name.split("-")[1]
    assert run(environment / "slategym", "--version", folder=tmp_path).split() == ["slategym", version]


def test_ten_slates_from_another_folder(environment, tmp_path):
    import pyarrow.parquet as parquet

    options = ("--world", "Shop-v0", "--agent", "random", "--slates", 10, "--seed", 0, "--out", "ten")
    run(environment / "slategym", "simulate", *options, folder=tmp_path)
    assert parquet.read_metadata(tmp_path / "ten" / "log.parquet").num_rows == 10
    assert json.loads((tmp_path / "ten" / "run.json").read_text())
