"""The page of a run that goes on, in a browser: it follows, stays still where nothing changes, and says how it ended."""

import time

import pytest

from slategym.bench.reports.live import live_page
from slategym.bench.tracking.tracker import Tracking
from slategym.bench.watching.server import STATE, WatchServer
from slategym.bench.watching.state import State
from slategym.bench.watching.tracks import Tracks

CONFIG = {"world": "Shop-v0", "plurals": {"click": "clicks", "conversion": "conversions"}}
FRONT = {"Shop-v0": [[0.2, 0.09], [0.5, 0.07], [0.6, 0.02]]}
HOSTILE = "<img src=x onerror=alert(1)> %{y} &amp;"
TEXT = "document.getElementById('{}').textContent"
DRAWN = "[...document.querySelectorAll('#{} .scatterlayer .trace')].filter(each => each.querySelector('path')).length"
FAST = 100  # milliseconds between two looks


class Watched:
    """A run that is played by a test, with its page."""

    def __init__(self, folder, port=0, what="Shop-v0"):
        self.folder, self.trackers = folder, {}
        self.state = State(what, Tracks(folder), 10_000, FRONT)
        self.server = WatchServer(port)
        self.server.start(live_page(what, "slategym benchmark", STATE, FAST), self.state.read)

    def step(self, name, step, moves=0.0, **more):
        if name not in self.trackers:
            self.trackers[name] = Tracking("csv", self.folder)(name)
            self.trackers[name].on_start({**CONFIG, "agent": name.split()[0], **more})
        share = step / 1000
        self.trackers[name].on_step(
            step,
            {
                "value_per_slate": 1 + share,
                "regret_per_slate": 2 - share,
                "clicks_per_slate": 0.2 + share / 10,
                "conversions_per_slate": 0.02 + share / 50,
                "weight_of_click": 0.1 + moves * share,
                "weight_of_conversion": 0.9 - moves * share,
            },
        )


@pytest.fixture
def watched(browser, tmp_path):
    made = []

    def make(**options):
        made.append(Watched(tmp_path, **options))
        return made[-1]

    yield make
    browser.open("about:blank")  # or the page would complain that nobody answers
    for each in made:
        each.server.close()


def until(browser, script, patience=20.0):
    """Wait until an expression of the page is true."""
    end = time.monotonic() + patience
    while not (found := browser.evaluate(script)):
        assert time.monotonic() < end, f"{script} did not come true: {found}"
        time.sleep(0.05)


def opened(browser, run):
    browser.screen()
    browser.open(run.server.address)


def test_it_follows_a_run_to_its_end(browser, watched):
    run = watched()
    opened(browser, run)
    until(browser, f"{TEXT.format('headline')} === 'Shop-v0, 0 %'")
    assert browser.evaluate("document.getElementById('curves').hidden")
    progress = run.state.following(lambda slates: None)
    for step in (100, 200, 300):
        run.step("lin-ts nash seed 0", step, moves=0.1)
        run.step("random nash seed 0", step)
    progress(600)
    progress.runs(0, 4, ["lin-ts nash seed 0"])
    until(browser, f"{TEXT.format('headline')} === 'Shop-v0: 0 of 4 runs finished, 6 %'")
    until(browser, f"{DRAWN.format('curve')} === 2")
    assert browser.evaluate(DRAWN.format("path")) == 3  # with the front
    assert browser.evaluate(DRAWN.format("weight")) == 1  # of the line whose weights move
    assert browser.evaluate("[...document.querySelectorAll('#rows th')].map(each => each.textContent)") == [
        "lin-ts nash",
        "random nash",
    ]
    assert "1 in progress" in browser.evaluate(TEXT.format("rows"))
    assert browser.evaluate("document.getElementById('curve').data[0].x") == [100, 200, 300]
    for name in ("lin-ts nash seed 0", "random nash seed 0"):
        run.trackers[name].on_finish({"status": "finished"})
    progress(10_000)
    run.state.end("finished", "runs/Shop-v0/report.html")
    run.server.tell_end()
    run.server.close()
    until(browser, f"{TEXT.format('headline')} === 'Shop-v0: finished'")
    assert browser.evaluate(TEXT.format("notice")) == "The run is finished. The report is runs/Shop-v0/report.html."
    assert "1 finished" in browser.evaluate(TEXT.format("rows"))
    assert {address.partition("?")[0] for address in browser.requests} == {
        run.server.address,
        f"{run.server.address[:-1]}{STATE}",
    }
    assert [error for error in browser.errors if "ERR_CONNECTION_REFUSED" not in error] == []


@pytest.mark.slow
def test_what_stays_the_same_is_not_made_anew(browser, watched):
    run = watched()
    for step in (100, 200):
        run.step("lin-ts seed 0", step)
    opened(browser, run)
    until(browser, f"{DRAWN.format('curve')} === 1")
    browser.evaluate("""
        window.row = document.querySelector("#rows tr"); window.drawn = document.querySelector("#curve .main-svg");
        window.changes = 0;
        new MutationObserver((all) => (window.changes += all.length)).observe(document.querySelector("#lines"), { childList: true,
            subtree: true, characterData: true });
        Plotly.relayout("curve", { "xaxis.range": [0, 150] });
        null;
    """)
    asked = len(browser.requests)
    while len(browser.requests) < asked + 4:
        browser.evaluate("new Promise(done => setTimeout(done, 100))")
    assert browser.evaluate("window.changes") == 0
    run.step("lin-ts seed 0", 300)
    until(browser, "document.getElementById('curve').data[0].x.length === 3")
    assert browser.evaluate("window.row === document.querySelector('#rows tr')")
    assert browser.evaluate("window.drawn === document.querySelector('#curve .main-svg')")
    assert browser.evaluate("document.getElementById('curve').layout.xaxis.range") == [0, 150]  # the reader's own view stays


@pytest.mark.slow
def test_a_run_that_was_killed_and_goes_on(browser, watched):
    run = watched()
    run.step("lin-ts seed 0", 100)
    opened(browser, run)
    until(browser, f"{DRAWN.format('curve')} === 1")
    run.server.close()
    until(browser, f"{TEXT.format('notice')}.startsWith('No connection: the run has ended or was stopped.')")
    assert browser.evaluate(DRAWN.format("curve")) == 1
    again = watched(port=run.server.port)
    again.step("lin-ts seed 0", 100)
    again.step("lin-ts seed 0", 200)
    until(browser, "document.getElementById('notice').hidden")
    until(browser, "document.getElementById('curve').data[0].x.length === 2")


@pytest.mark.slow
def test_metric_and_world_are_chosen(browser, watched):
    run = watched()
    for world in ("Shop-v0", "Other-v0"):
        run.step(f"{world} lin-ts seed 0", 100, world=world)
    opened(browser, run)
    until(browser, f"{DRAWN.format('curve')} === 1")
    assert browser.evaluate("[...document.getElementById('world').options].map(each => each.value)") == ["Other-v0", "Shop-v0"]
    assert browser.evaluate(DRAWN.format("path")) == 1
    for name, value in (("world", "Shop-v0"), ("metric", "regret_per_slate")):
        browser.evaluate(
            f"{{const one = document.getElementById('{name}'); one.value = '{value}'; one.dispatchEvent(new Event('change'))}}"
        )
    until(browser, "document.getElementById('curve').data[0].y[0] === 1.9")
    until(browser, f"{DRAWN.format('path')} === 2")  # whose front is known


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(320, True), (390, False), (390, True), (820, False), (1400, True)])
def test_it_fits_every_screen(browser, watched, width, dark):
    run = watched(what="a/very/long/path/to/a/folder/my_shop.py:Bookshop")
    for number in range(15):
        run.step(f"agent-{number}:with=a-long-option,and=another nash seed 0", 100, moves=1)
    run.state.note_runs(1, 20, ["a long name of a run that goes on nash seed 0"] * 4)
    browser.screen(width, 900, dark)
    browser.open(run.server.address)
    until(browser, f"{DRAWN.format('weight')} > 0 || document.getElementById('moving').hidden && {DRAWN.format('path')} > 0")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    colour = browser.evaluate("getComputedStyle(document.querySelector('#curve .js-line, #curve .point')).stroke")
    assert colour
    assert browser.errors == []


@pytest.mark.slow
def test_names_cannot_become_markup(browser, watched):
    run = watched(what=HOSTILE)
    run.step(f"{HOSTILE} seed 0", 100, agent=HOSTILE)
    run.trackers[f"{HOSTILE} seed 0"].on_finish({"status": "failed", "error": HOSTILE})
    opened(browser, run)
    until(browser, f"{DRAWN.format('curve')} === 1")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.querySelector('#rows th').textContent") == HOSTILE
    assert HOSTILE in browser.evaluate(TEXT.format("failures"))
    assert browser.errors == []
