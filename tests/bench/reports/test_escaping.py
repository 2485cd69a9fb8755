"""Whatever a page is told, by whomever: it stands there as text, and nothing in it runs."""

import importlib.util
import json
import re

import pytest
from tests.bench.audits.audited import healthy
from tests.bench.reports.benchmarks import benchmark

from slategym.bench.audits.audit import audit
from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.performance.scaling import ENVIRONMENT, Point
from slategym.bench.reports import benchmark as report
from slategym.bench.reports import scaling as scale_page
from slategym.bench.reports.audits import page as audit_page
from slategym.bench.reports.style import plot_text
from slategym.bench.reports.sweeps import page as pareto_page
from slategym.sim.worlds import make_world

# Each ends another context: a tag, an attribute, a script, a label of plotly's, a template of its hover texts, a line.
EVIL = (
    "<img src=x onerror=window.ran=1>",
    "</title></style></script><script>window.ran=1</script>",
    "\"'><svg onload=window.ran=1>",
    "<a href='javascript:window.ran=1'>x</a> <b>bold</b>",
    "%{x} {{ 7 * 7 }} ${ran} \\u003cimg src=x>",
    "\u2028window.ran=1\u2029 &lt;i&gt; &#60;u&#62;",
)
LEFT = """({
    ran: window.ran ?? null,
    tags: document.querySelectorAll("main img, main a, main script, main svg[onload], main u:not(.track u), svg a").length,
    bold: [...document.querySelectorAll("main b")].filter(each => each.textContent == "bold").length,
    scripts: document.scripts.length,
    words: document.body.innerText + [...document.querySelectorAll("svg text")].map(each => each.textContent).join(" "),
})"""


def renamed(content, names):
    """JSON with some of its names and texts changed, as keys and as values."""
    if isinstance(content, dict):
        return {names.get(key, key): renamed(value, names) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [renamed(each, names) for each in content]
    return names.get(content, content) if isinstance(content, str) else content


def compared():
    results = benchmark(["random", "lin-ts", "popularity"], seeds=2, slates=5_000, shoppers=500)
    results["config"] |= {"options": {EVIL[1]: EVIL[2], "list": list(EVIL)}}
    results["notes"] = list(EVIL)
    metrics = {}
    for objective, evil in (("click", EVIL[0]), ("conversion", EVIL[3])):
        metrics |= {objective: evil, per_slate(objective): per_slate(evil), weight_of(objective): weight_of(evil)}
    return renamed(results, {"lin-ts": EVIL[4], "popularity": EVIL[5], "Shop-v0": EVIL[1], **metrics})


def compared_under_a_goal():
    results = compared()
    for name, agent in results["agents"].items():
        agent |= {"agent": name, "scalarizer": EVIL[0]}
    results["config"]["scalarizers"] = [EVIL[0]]
    results["oracle"]["by_scalarizer"] = {EVIL[0]: results["oracle"]["value"]}
    return results


def audited():
    found = audit(healthy(), shoppers=60, context_ceiling=False)
    found["config"] |= {"world": EVIL[0], "user_model": EVIL[1], "click_model": EVIL[3], "options": {"click_model": EVIL[2]}}
    found["warnings"] = [{"kind": EVIL[0], "says": EVIL[1], "means": EVIL[3], "fix": EVIL[5]}]
    if found["leaving"]:
        found["leaving"]["traits"] = {EVIL[0]: {EVIL[3]: {"share": 0.5, "visits": {"mean": 1.0, "low": None, "high": None}}}}
    return found


def swept():
    from slategym.bench.sweeps.sweep import pareto

    world = make_world("ShopBandit-v0", items=12, categories=3, slate_size=2)
    found = pareto(world, ("random", "popularity"), 200, 1, points=2, scalarizers=("nash",), shoppers=50, processes=1)
    names = {"popularity": EVIL[1], "nash": EVIL[0], "click": EVIL[3], "conversion": EVIL[4], "ShopBandit-v0": EVIL[2]}
    return renamed(json.loads(json.dumps(found)), names) | {"notes": list(EVIL)}


def scaled():
    row = {"slates_per_second": 1e6, "nanoseconds_per_slate": 1e3, "state_bytes_per_shopper": 185.0, "memory_bytes": 2e8}
    points = [vars(Point("items", who, shoppers=10)) | row for who in (ENVIRONMENT, "random", EVIL[0])]
    points.append(vars(Point("items", ENVIRONMENT, shoppers=10)) | {"left_out": EVIL[1]})
    return {"machine": {EVIL[2]: EVIL[3]}, "world": EVIL[4], "seconds": 1.0, "points": points}


SWEEPS = pytest.mark.skipif(importlib.util.find_spec("moocore") is None, reason="moocore comes with pip install 'slategym[mo]'")
PAGES = [
    pytest.param(compared, report.page, EVIL, id="report"),
    pytest.param(compared_under_a_goal, report.page, EVIL, id="report of a goal"),
    pytest.param(audited, audit_page.page, (*EVIL[:4], EVIL[5]), id="audit"),
    pytest.param(swept, pareto_page.page, EVIL, id="sweep", marks=SWEEPS),
    pytest.param(scaled, scale_page.page, EVIL[:5], id="scale"),
]


@pytest.mark.quick("report of a goal")
@pytest.mark.parametrize(("content", "page", "said"), PAGES)
def test_text_stays_text(browser, tmp_path, content, page, said):
    path = tmp_path / "page.html"
    path.write_text(page(content()), "utf-8")
    browser.screen()
    browser.open(path)
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]
    found = browser.evaluate(LEFT)
    assert (found["ran"], found["tags"], found["bold"], found["scripts"]) == (None, 0, 0, 4)
    shown = plain(found["words"])
    for evil in said:
        assert plain(evil) in shown, evil


def plain(text):
    """Text as a screen has it: blanks and line breaks are alike, and so is case, for a sentence begins with a capital."""
    return " ".join(text.split()).lower()


@pytest.mark.slow
def test_what_a_name_would_smuggle_in_does_not_run(browser, tmp_path):
    """The second wall: were a name to become markup after all, the page's policy stops it."""
    path = tmp_path / "page.html"
    text = scale_page.page(scaled())
    evil = f"<script>window.ran=1</script><script nonce={'0' * 32}>window.ran=1</script><img src=x onerror=window.ran=1>"
    path.write_text(text.replace("<main>", f"<main>{evil}"), "utf-8")
    browser.open(path)
    assert browser.evaluate("window.ran ?? null") is None
    assert sum("Content Security Policy" in error for error in browser.errors) >= 3


def test_the_nonce_is_of_the_content():
    one, other = scaled(), scaled() | {"world": "Shop-v0"}
    nonces = [set(re.findall(r'nonce="(\w+)"', scale_page.page(each))) for each in (one, other, one)]
    assert all(len(each) == 1 for each in nonces)
    assert nonces[0] == nonces[2] != nonces[1]


@pytest.mark.parametrize("text", [*EVIL, "lin-ts", "a & b"])
def test_plot_text_holds_nothing_that_plotly_reads(text):
    assert not re.search(r"[<>]|%\{|&(?!amp;|lt;|gt;|#123;)", plot_text(text))
