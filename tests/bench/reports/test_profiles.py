"""The page of a profile: it opens without a complaint, draws every agent and task, and takes no word for markup."""

import json

import numpy as np
import pytest

from slategym.bench.profiles.level import Outcome
from slategym.bench.profiles.profile import DEFAULT_REFERENCES
from slategym.bench.profiles.summary import summarise
from slategym.bench.profiles.tasks import TASKS
from slategym.bench.reports.profiles.page import page, write_page
from slategym.bench.reports.profiles.summary import headline, sentences

AGENT = "my-agent"
# Names of spokes that do not lie within the plot.
OUTSIDE = """[...document.querySelectorAll('#radar .angularaxistick text')].filter(text => {
  const at = text.getBoundingClientRect(), all = document.getElementById('radar').getBoundingClientRect();
  return at.left < all.left || at.right > all.right;
}).length"""
EVIL = "<img src=x onerror=window.ran=1>"


def made(agent=AGENT, tasks=tuple(TASKS), seeds=5, references=DEFAULT_REFERENCES, skipped=()):
    """Results of scores that fall along each dial, by a rule in place of runs."""
    random = np.random.default_rng(0)
    runs = {
        (name, task, dial, seed): Outcome(0.9 - 0.2 * place - 0.3 * at + 0.02 * random.normal(), 0.0, 1.0)
        for place, name in enumerate((agent, *references))
        for task in tasks
        for at, dial in enumerate(TASKS[task].settings)
        for seed in range(seeds)
        if (name, task) not in skipped
    }
    config = {
        "agent": agent,
        "references": list(references),
        "tasks": list(tasks),
        "seeds": list(range(seeds)),
        "frozen": {task: ["0123456789abcdef"] * 3 for task in tasks},
        "refused": {name: {task: "expected an agent that can"} for name, task in skipped},
    }
    return json.loads(json.dumps(summarise(config, runs, len(runs))))


@pytest.mark.quick("390")
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_draws_everything(width, browser, tmp_path):
    write_page(made(), tmp_path / "page.html")
    browser.screen(width)
    browser.open(tmp_path / "page.html")
    assert browser.errors == []
    assert len(browser.requests) == 1
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("document.querySelectorAll('.plot .main-svg').length > 0")
    assert browser.evaluate("document.querySelectorAll('.plot').length") == 1 + len(TASKS)
    assert browser.evaluate("document.querySelectorAll('#radar .scatterlayer .trace').length") == 1 + len(DEFAULT_REFERENCES)
    assert browser.evaluate(OUTSIDE) == 0
    assert browser.evaluate("document.querySelectorAll('#radar .angularaxistick text').length") == len(TASKS)
    assert browser.evaluate("document.querySelectorAll('#scores tbody tr').length") == len(TASKS) + 1
    assert browser.evaluate("document.querySelectorAll('#levels tbody tr').length") == 3 * len(TASKS)
    lines = browser.evaluate("csvOf(plots.find(({ id }) => id === 'radar'))").splitlines()  # the numbers that can be saved
    assert lines[0].startswith("series,x,y")
    assert len(lines) == 1 + (len(TASKS) + 1) * (1 + len(DEFAULT_REFERENCES))
    assert any(line.startswith(f"{AGENT},exploration,0.") for line in lines)


@pytest.mark.slow
def test_a_task_that_was_refused_or_alone(browser, tmp_path):
    cases = {
        "refused": made(skipped=((AGENT, "cold-start"),)),
        "alone": made(references=(), tasks=("drift",), seeds=1),
    }
    for name, result in cases.items():
        write_page(result, tmp_path / f"{name}.html")
        browser.open(tmp_path / f"{name}.html")
        assert browser.errors == []
    assert any(f"{AGENT} cannot do cold-start" in note for note in cases["refused"]["notes"])
    assert cases["refused"]["agents"][AGENT]["score"]["mean"] is None
    with pytest.raises(ValueError, match="the agent finished no task"):
        write_page(made(skipped=tuple((AGENT, task) for task in TASKS)), tmp_path / "page.html")


@pytest.mark.slow
def test_names_are_text(browser, tmp_path):
    result = json.loads(json.dumps(made()).replace(AGENT, EVIL).replace("popularity", EVIL.replace("ran", "run")))
    write_page(result, tmp_path / "evil.html")
    browser.open(tmp_path / "evil.html")
    assert browser.errors == []
    assert browser.evaluate("window.ran ?? window.run ?? null") is None
    assert browser.evaluate("document.querySelectorAll('main img').length") == 0


def test_what_the_page_says():
    result = made()
    assert headline(result).startswith(f"{AGENT} is strongest in ")
    expected = f"Compared with popularity, {AGENT} is significantly better in exploration"
    assert any(expected in sentence for sentence in sentences(result))
    low = made(references=("random",))
    for task in low["agents"][AGENT]["tasks"].values():
        task["score"]["mean"] = 0.9
    low["agents"][AGENT]["tasks"]["drift"]["score"]["mean"] = 0.1
    assert f"drift, 0.10: {TASKS['drift'].low}" in sentences(low)
    assert page(result) == page(result)
