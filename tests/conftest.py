"""What every test shares: the same examples in every run, heavy extras in runs of their own, and no unknown skip in CI."""

from __future__ import annotations

import os
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path

import pytest
from hypothesis import settings
from tests.extras import heavy_extras

# The same examples on every machine and at every run: a red test stays red.
settings.register_profile("same-examples", derandomize=True, deadline=None)
settings.load_profile("same-examples")

ALLOWED = Path(__file__).with_name("allowed_skips.txt")


def pytest_addoption(parser):
    group = parser.getgroup("slategym")
    group.addoption("--extras", action="store_true", help="run the tests of the heavy extras, and no others")
    group.addoption(
        "--strict-skips",
        action="store_true",
        default=os.environ.get("CI", "false").lower() not in ("", "0", "false"),
        help=f"fail if a test skips for a reason that is not in {ALLOWED.name}; the default where CI is set",
    )


# Heavy extras


def pytest_configure(config):
    for extra in heavy_extras():
        config.addinivalue_line(
            "markers", f"{mark(extra)}: needs the extra {extra}; `make test-extras` installs it and runs this"
        )


# Worlds whose code another one tests at every run: in tests of every world they are for the slow suite.
RARELY = ("SardineSingleItem", "SardineSlateTopKStatic", "SardineSlateTopKBored-", "SardineSlateTopKUncertain")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.path.name != "test_sardine.py" and any(name in item.name for name in RARELY):
            item.add_marker("slow")
    unmatched = leave_to_the_slow_tests(items)
    if unmatched and not any("::" in each for each in config.args):
        raise pytest.UsageError("\n".join(f"{test}: no case is called {', '.join(each)}" for test, each in unmatched.items()))
    marks, wanted = set(map(mark, heavy_extras())), config.getoption("--extras")
    heavy = [item for item in items if marks.intersection(each.name for each in item.iter_markers())]
    others = [item for item in items if item not in set(heavy)]
    config.hook.pytest_deselected(items=others if wanted else heavy)
    items[:] = heavy if wanted else others


def mark(extra):
    return extra.replace("-", "_")


def leave_to_the_slow_tests(items):
    """Mark the cases slow that no pattern of the mark `quick` names, and return the patterns that name none, by test."""
    unmatched = {}
    for item in items:
        quick = item.get_closest_marker("quick")
        if quick is not None:
            named = {pattern for pattern in quick.args if fnmatchcase(item.callspec.id, pattern)}
            if not named:
                item.add_marker("slow")
            unmatched.setdefault(item.nodeid.partition("[")[0], set(quick.args)).difference_update(named)
    return {test: sorted(patterns) for test, patterns in unmatched.items() if patterns}


# Skips

_skips = set()


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        _skips.add((report.nodeid, reason(report)))


def pytest_collectreport(report):
    if report.skipped:
        _skips.add((report.nodeid, reason(report)))


def reason(report):
    return report.longrepr[2].removeprefix("Skipped: ")


def unlisted():
    """A line for each skip whose reason fits no line of the list."""
    lines = [line.strip() for line in ALLOWED.read_text(encoding="utf-8").splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    return sorted(f"{name}: {why}" for name, why in _skips if not any(fnmatch(why, pattern) for pattern in patterns))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if session.config.getoption("--strict-skips") and session.exitstatus == pytest.ExitCode.OK and unlisted():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--strict-skips") and (found := unlisted()):
        terminalreporter.section(f"skipped for a reason that is not in tests/{ALLOWED.name}", red=True)
        for line in found:
            terminalreporter.write_line(line, red=True)
