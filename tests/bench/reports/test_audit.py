"""The page of an audit, and what a browser makes of it."""

import pytest
from tests.bench.audits.audited import CLICK, healthy, kinds_world

from slategym.bench.audits.audit import audit
from slategym.bench.reports.audits.page import command, page, write_page

EVERY = ["reference-policies", "front", "rank-click", "rank-conversion", "repetition", "displacement", "lookahead", "survival"]
# Of each plot: how many traces were asked for and how many drawn, and its size.
DRAWN = """[...document.querySelectorAll("div.plot")].map(plot => ({
    id: plot.id,
    asked: plot.data?.length ?? 0,
    drawn: [...plot.querySelectorAll(".scatterlayer .trace")].filter(trace => trace.querySelector("path")).length,
    width: plot.querySelector(".main-svg")?.getBoundingClientRect().width ?? 0,
}))"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def found():
    return audit(healthy(), shoppers=60, options={"click_model": "cascade", "items": 6})


def test_the_page_draws_everything(browser, found, tmp_path):
    write_page(found, tmp_path / "audit.html")
    browser.open(tmp_path / "audit.html")
    plots = browser.evaluate(DRAWN)
    assert [plot["id"] for plot in plots] == EVERY
    assert all(plot["asked"] and plot["drawn"] == plot["asked"] and plot["width"] > 200 for plot in plots), plots
    assert browser.errors == []
    assert browser.requests == [(tmp_path / "audit.html").as_uri()]
    for screen in ({"width": 390, "height": 800}, {"width": 1400, "dark": True}):
        browser.screen(**screen)
        assert not browser.evaluate(TOO_WIDE)
        assert browser.errors == []
    browser.screen()


@pytest.mark.slow
def test_a_degenerate_world_says_so_and_draws_what_there_is(browser, tmp_path):
    poor = audit(kinds_world(CLICK, ((0.1,) * 6,), visits=1, categories=1), shoppers=30, context_ceiling=False)
    write_page(poor, tmp_path / "audit.html")
    browser.open(tmp_path / "audit.html")
    assert [plot["id"] for plot in browser.evaluate(DRAWN)] == ["reference-policies", "front"]
    assert browser.errors == []
    assert "no trade-off" in browser.evaluate("document.querySelector('h1').textContent")
    assert browser.evaluate("document.querySelectorAll('.found .warning').length") == len(poor["warnings"]) > 0


def test_the_page_is_the_same_for_the_same_audit_and_says_how_it_was_made(found):
    assert page(found) == page(found)
    made = command(found)
    assert made == (
        "slategym audit Kinds-v0:items=6 --seed 0 --shoppers 60 --weights 1,10 --click-model cascade --out runs/again"
    )
    assert made in page(found)


def test_names_are_text_not_html(found):
    hostile = found | {"config": found["config"] | {"world": "</script><img src=x onerror=alert(1)>"}}
    assert "<img" not in page(hostile)
