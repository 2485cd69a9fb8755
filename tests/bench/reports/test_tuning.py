"""The page of a search: it opens without a complaint, draws all that there is, and takes no word for markup."""

import json

import pytest

from slategym.bench.reports.tuning import headline, page, write_page
from slategym.bench.tuning.search import plan_search

WORLD = "ShopBandit-v0:items=30,categories=5,slate_size=3"
EVIL = "<img src=x onerror=window.ran=1>"


@pytest.fixture(scope="module")
def result():
    planned = plan_search(
        [WORLD],
        "policy-gradient",
        ranges=["learning_rate=0.0003..0.3:log", "inputs=all,context", "passes=1..3"],
        sampler="random",
        prune="median:startup=3,warmup=1",
        slates=1000,
        shoppers=100,
        seeds=1,
        judge_seeds=3,
        trials=10,
    )
    return json.loads(json.dumps(planned.run(1)))


def judged(result, mean, low, high):
    estimate = {"mean": mean, "low": low, "high": high}
    worlds = {
        name: {
            "metric": "value",
            **dict.fromkeys(("defaults", "best", "difference", "relative"), estimate),
            "seeds": {},
        }
        for name in ("ShopBandit-v0", "Shop-v0")
    }
    best = {"number": 3, "settings": {"passes": 2}, "value": 1.0, "agent": "policy-gradient:passes=2", "scalarizer": None}
    return {**result, "best": best, "judgement": {"worlds": worlds, "all": estimate, "claims": 3}}


@pytest.mark.slow
def test_the_page_draws_everything(result, browser, tmp_path):
    for name, content in {"as it is": result, "judged": judged(result, 0.07, 0.03, 0.11)}.items():
        write_page(content, tmp_path / f"{name}.html")
        browser.open(tmp_path / f"{name}.html")
        assert browser.errors == []
        assert len(browser.requests) == 1
        plots = browser.evaluate(
            "document.querySelectorAll('.plot .main-svg').length > 0 && document.querySelectorAll('.plot').length"
        )
        assert plots == 4 + bool(content["judgement"])
        points = browser.evaluate("document.querySelectorAll('#history .scatterlayer .trace:first-child .point').length")
        assert points == sum(trial["state"] == "finished" for trial in content["trials"])


def test_headlines(result):
    assert "earn 7.0 % more than the defaults (+3.0 % to +11.0 %)" in headline(judged(result, 0.07, 0.03, 0.11))
    assert "earn 7.0 % less than the defaults" in headline(judged(result, -0.07, -0.11, -0.03))
    assert "do not differ significantly from the defaults (−1.0 % to +11.0 %)" in headline(judged(result, 0.07, -0.01, 0.11))
    none = {**result, "best": {**judged(result, 0, 0, 0)["best"], "number": 0}, "judgement": None}
    assert headline(none) == "No settings of policy-gradient were better than the defaults"
    assert "not yet compared with the defaults" in headline({**none, "best": judged(result, 0, 0, 0)["best"]})


@pytest.mark.slow
def test_names_are_text(result, browser, tmp_path):
    text = json.dumps(judged(result, 0.07, 0.03, 0.11)).replace("inputs", EVIL).replace("ShopBandit-v0", EVIL)
    text = text.replace('"context"', json.dumps(EVIL)).replace("policy-gradient", EVIL)
    write_page(json.loads(text), tmp_path / "evil.html")
    browser.open(tmp_path / "evil.html")
    assert browser.errors == []
    assert browser.evaluate("window.ran ?? null") is None
    assert browser.evaluate("document.querySelectorAll('main img').length") == 0


def test_a_page_needs_a_finished_trial(result, tmp_path):
    with pytest.raises(ValueError, match="no finished trial"):
        write_page({**result, "best": None}, tmp_path / "page.html")
    assert page(result) == page(result)
