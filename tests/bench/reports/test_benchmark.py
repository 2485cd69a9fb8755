"""The report: what it says, and what a browser makes of it."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
from tests.bench.reports.benchmarks import RATES, benchmark

from slategym.bench.format import number
from slategym.bench.reports.benchmark import page, write_report
from slategym.bench.reports.benchmark_curves import curve
from slategym.bench.reports.benchmark_tables import command, leaderboard
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.style import INK, Style
from slategym.bench.statistics import Estimate
from slategym.scripts.common.leaderboard import print_leaderboard

LEARNERS = ("random", "popularity", "lin-ts")
HOSTILE = (
    "<b>bold</b>&amp;",
    "</script><img src=x onerror=alert(1)>",
    "my agents/a very long path/to/agent.py:Mine",
    "a\"quote's $x^2$ %{y}",
    "ünïcode 物",
)
SIZES = {"slates": 20_000, "shoppers": 500}
# What was drawn of each plot: its traces, and of these the ones that show a line or a marker.
DRAWN = """[...document.querySelectorAll("div.plot")].map(plot => ({
    id: plot.id,
    asked: plot.data?.length ?? 0,
    drawn: [...plot.querySelectorAll(".scatterlayer .trace")].filter(trace => trace.querySelector("path")).length,
    width: plot.querySelector(".main-svg")?.getBoundingClientRect().width ?? 0,
    height: plot.querySelector(".main-svg")?.getBoundingClientRect().height ?? 0,
}))"""
STROKES = """[...document.querySelectorAll("div.plot .js-line")].map(line => getComputedStyle(line).stroke)"""


def opened(browser, results, path, change=lambda text: text):
    write_report(results, path)
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    browser.screen()
    browser.open(path)
    return browser.evaluate(DRAWN)


def all_drawn(plots):
    return bool(plots) and all(p["asked"] and p["drawn"] == p["asked"] and p["width"] > 200 and p["height"] > 60 for p in plots)


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


# In a browser


@pytest.mark.quick("agents and seeds")
@pytest.mark.parametrize(
    ("results", "ids"),
    [
        (
            lambda: benchmark(**SIZES),
            ["values", "value", "clicks", "conversions", "clicks-against-conversions", "regret", "lead"],
        ),
        (
            lambda: benchmark(LEARNERS, seeds=1, **SIZES),
            ["value", "clicks", "conversions", "clicks-against-conversions", "regret", "lead"],
        ),
        (
            lambda: benchmark(["lin-ts"], seeds=2, **SIZES),
            ["values", "value", "clicks", "conversions", "clicks-against-conversions", "regret"],
        ),
        (lambda: benchmark(LEARNERS, seeds=1, slates=500, shoppers=500), None),
    ],
    ids=["agents and seeds", "one seed", "one agent", "one step"],
)
def test_every_plot_is_drawn_without_a_complaint_or_a_request(browser, tmp_path, results, ids):
    path = tmp_path / "report.html"
    plots = opened(browser, results(), path)
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]
    assert all_drawn(plots), plots
    if ids:
        assert [plot["id"] for plot in plots] == ids


def test_every_plot_has_its_picture_and_its_numbers(browser, tmp_path):
    plots = opened(browser, benchmark(["random", "lin-ts", 'a "b", c'], seeds=3, **SIZES), tmp_path / "report.html")
    labels = browser.evaluate("[...document.querySelectorAll('.tools button')].map(button => button.textContent)")
    assert labels == ["PNG", "CSV"] * len(plots)
    text = browser.evaluate("csvOf(plots.find(plot => plot.id === 'clicks-against-conversions'))")
    rows = list(csv.DictReader(text.splitlines()))
    named = {row["series"]: row for row in rows if row["series"]}
    assert {"random", "lin-ts", 'a "b", c'} <= set(named)
    for row in named.values():
        assert float(row["x_low"]) <= float(row["x"]) <= float(row["x_high"])
        assert float(row["y_low"]) <= float(row["y"]) <= float(row["y_high"])
    browser.evaluate("document.querySelectorAll('.tools button')[1].click()")
    picture = browser.evaluate("Plotly.toImage('value', {format: 'png'}).then(found => found.slice(0, 22))")
    assert picture == "data:image/png;base64,"
    assert browser.errors == []


@pytest.mark.slow
def test_names_cannot_break_the_page(browser, tmp_path):
    path = tmp_path / "report.html"
    plots = opened(browser, benchmark(HOSTILE, seeds=3, **SIZES), path)
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]
    assert all_drawn(plots)
    assert browser.evaluate("document.querySelectorAll('img, b b, section script').length") == 0
    rows = browser.evaluate(
        "[...document.querySelector('.leaderboard').querySelectorAll('tbody tr')].map(row => row.dataset.agent)"
    )
    assert sorted(rows) == sorted(HOSTILE)
    labels = browser.evaluate("[...document.querySelectorAll('#value .annotation-text')].map(label => label.textContent)")
    # Spaces come back as the kind that does not break.
    assert {label.replace("\xa0", " ") for label in labels} >= {name for name in HOSTILE if len(name) <= 24}


def test_what_is_broken_is_noticed(browser, tmp_path):
    from plotly.offline import get_plotlyjs

    results = benchmark(["random", "lin-ts"], seeds=1, **SIZES)
    empty = lambda text: text.replace(get_plotlyjs(), "const Plotly = { react() {} };")  # noqa: E731, draws nothing, and fast
    plots = opened(browser, results, tmp_path / "empty.html", empty)
    assert browser.errors == []
    assert not all_drawn(plots)
    changes = {
        "throws": ("\ndraw();", "\ndraw(); throw new Error('broken');"),
        "rejects": ("\ndraw();", "\ndraw(); Promise.reject(new Error('broken'));"),
        "logs": ("\ndraw();", "\ndraw(); console.error('broken');"),
        "fetches": ("<main>", '<main><img src="https://example.org/pixel.png">'),
    }
    for name, change in changes.items():
        opened(browser, results, tmp_path / f"{name}.html", lambda text, change=change: empty(text).replace(*change))
        assert browser.errors, name


@pytest.mark.slow
def test_pointing_at_a_curve_tells_its_numbers(browser, tmp_path):
    results = benchmark(LEARNERS, seeds=3, **SIZES)
    opened(browser, results, tmp_path / "report.html")
    browser.evaluate("document.getElementById('value').scrollIntoView()")
    for x in (600, 605):
        browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=150)
        browser.evaluate("new Promise(done => setTimeout(done, 200))")  # plotly takes its time between two of them
    said = """[...document.querySelectorAll('#value .hoverlayer .legendtext')]
        .filter(text => text.getBoundingClientRect().width > 0).map(text => text.textContent.replaceAll('\u00a0', ' '))"""
    lines = browser.evaluate(said)
    assert len(lines) == len(LEARNERS) + 1  # and the oracle
    curve = results["curves"]["lin-ts"]["value"]
    known = zip(curve["mean"], curve["low"], curve["high"], strict=True)
    possible = {f"lin-ts : {number(mean, 2)}  ({number(low, 2)} to {number(high, 2)})" for mean, low, high in known}
    assert possible & set(lines), lines


def test_the_page_suits_the_dark_a_phone_and_paper(browser, tmp_path):
    results = benchmark([*LEARNERS, "oracle"], seeds=5)
    opened(browser, results, tmp_path / "report.html")
    style = Style(Findings(results))
    agents = list(results["agents"])
    for dark in (0, 1):
        browser.screen(dark=bool(dark))
        assert {rgb(style.colour(name)[dark]) for name in agents} <= set(browser.evaluate(STROKES))
        assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(INK["paper"][dark])
        dots = browser.evaluate(
            "[...document.querySelectorAll('.leaderboard .agent > i')].map(i => getComputedStyle(i).backgroundColor)"
        )
        assert set(dots) == {rgb(style.colour(name)[dark]) for name in agents}
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert {rgb(style.colour(name)[0]) for name in agents} <= set(browser.evaluate(STROKES))
    assert max(plot["width"] for plot in browser.evaluate(DRAWN)) <= 718  # A4 less Chromium's margins
    browser.evaluate("dispatchEvent(new Event('afterprint'))")

    assert browser.evaluate("document.querySelectorAll('#value .annotation-text').length") == len(agents)
    browser.screen(width=390, height=844)
    assert browser.evaluate("document.querySelectorAll('#value .annotation-text').length") == 0
    assert browser.evaluate("getComputedStyle(document.querySelector('.names')).display") != "none"
    assert browser.evaluate("document.documentElement.scrollWidth") == 390
    assert all_drawn(browser.evaluate(DRAWN))
    assert browser.errors == []


# The page as text


class Leaderboard(HTMLParser):
    """Reads the table: per agent and metric, the exact value, the printed one and the printed interval."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.agent, self.metric, self.tag = {}, None, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tag = tag
        if tag == "tr" and "data-agent" in found:
            self.agent = found["data-agent"]
            self.rows.setdefault(self.agent, {})
        elif tag == "td" and self.agent:
            self.metric = found.get("data-metric")
        elif tag == "data" and self.metric:
            self.rows[self.agent][self.metric] = {"exact": found["value"]}

    def handle_endtag(self, tag):
        self.tag = None
        if tag == "table":
            self.agent = self.metric = None

    def handle_data(self, text):
        if self.agent and self.metric and self.tag in ("data", "small"):
            self.rows[self.agent][self.metric][self.tag] = text


def read(text):
    """A printed number, and half a unit of its last digit; percentages as shares."""
    bare = text.replace(",", "").replace("−", "-").removesuffix(" %")
    scale = 0.01 if text.endswith("%") else 1.0
    return float(bare) * scale, 0.5 * 10.0 ** -len(bare.partition(".")[2]) * scale


def test_the_table_holds_the_numbers_of_the_results():
    results = benchmark()
    rows = Leaderboard(page(results)).rows
    ranked = sorted(LEARNERS_BY_VALUE := results["agents"], key=lambda name: -LEARNERS_BY_VALUE[name]["value"]["mean"])
    assert list(rows) == ranked  # the oracle stands first, being best
    for agent, cells in rows.items():
        known = {
            metric for metric, estimate in results["agents"][agent].items() if metric != "seeds" and estimate["mean"] is not None
        }
        assert set(cells) == known
        for metric, cell in cells.items():
            estimate = results["agents"][agent][metric]
            assert float(cell["exact"]) == estimate["mean"]
            printed, half = read(cell["data"])
            assert abs(printed - estimate["mean"]) <= half * (1 + 1e-9)
            if "small" in cell:
                if metric in ("coverage", "share_staying"):
                    estimate = Estimate.from_json(estimate).clipped(0, 1).to_json()
                low, high = cell["small"].split(" to ")
                low += " %" * high.endswith("%")
                for end, text in (("low", low), ("high", high)):
                    printed, half = read(text)
                    assert abs(printed - estimate[end]) <= half * (1 + 1e-9)


@pytest.mark.parametrize("weights", [(-5.0, 10.0), (-0.57, 10.0)])
def test_where_the_oracle_does_not_earn_there_is_regret_and_no_share(weights, capsys):
    """The oracle clicks .52 and converts .03: it loses 2.3, or earns less than a hundredth of what it is made of."""
    results = benchmark(weights=weights)
    assert all(agent["share_of_oracle"]["mean"] is None for agent in results["agents"].values())
    assert all(share is None for agent in results["agents"].values() for share in agent["seeds"]["share_of_oracle"])
    rows = Leaderboard(page(results)).rows
    for agent, cells in rows.items():
        assert "share_of_oracle" not in cells
        assert float(cells["regret_per_slate"]["exact"]) == results["agents"][agent]["regret_per_slate"]["mean"]
    findings = Findings(results)
    first = findings.ranked[0]
    short = number(findings.estimate(first, "regret_per_slate").mean, 3)
    assert not any("% of the oracle" in sentence for sentence in findings.summary_sentences())
    assert f"{first} earns {short[:4]}" in findings.summary_sentences()[1]
    print_leaderboard(results)
    said = capsys.readouterr().out
    assert "% of" not in said
    assert "regret" in said
    assert re.search(rf"{first} .* {re.escape(short[:4])}", said)


@pytest.mark.slow
def test_the_mark_of_a_better_agent_stands_further_right():
    """Bars of gains, dots of utilities and of losses."""
    for change in ({"weights": (1.0, 10.0)}, {"weights": (-5.0, -10.0)}, {"weights": (-5.0, 10.0)}):
        results = benchmark(**change)
        for scalarizer in (None, "nash"):
            if scalarizer:
                results["config"]["scalarizers"] = [scalarizer]
            findings = Findings(results)
            bars = dict(
                re.findall(
                    r'data-agent="(.*?)".*?<span class="track"><i class="(.*?)</span>', leaderboard(findings, Style(findings))
                )
            )
            ends = {}
            for agent, bar in bars.items():
                place = dict(re.findall(r"(left|width):([\d.]+)%", bar.split("</i>")[0]))
                ends[agent] = float(place["left"]) + float(place.get("width", 0))
                assert (" dot" in bar) == (scalarizer is not None or change["weights"][0] < 0)
            order = sorted(bars, key=lambda name: findings.estimate(name).mean)
            assert [ends[name] for name in order] == sorted(ends.values())
            assert len(bars) == len(RATES)


def test_the_matrix_holds_the_pairs():
    results = benchmark(["random", "popularity", "epsilon-greedy", "lin-ts"])
    text = page(results)
    cells = re.findall(r'<td class="(apart|same)" title="(\S+) minus (\S+): (\S+), 95 % interval (\S+) to (\S+), better', text)
    assert len(cells) == len(results["pairs"]) == 6
    pairs = {(pair["a"], pair["b"]): pair for pair in results["pairs"]}
    for kind, a, b, *printed in cells:
        pair = pairs[a, b]
        assert kind == ("apart" if pair["low"] > 0 or pair["high"] < 0 else "same")
        for text, exact in zip(printed, (pair["difference"], pair["low"], pair["high"]), strict=True):
            value, half = read(text)
            assert abs(value - exact) <= half * (1 + 1e-9)


def test_the_page_is_a_function_of_the_results_and_asks_for_nothing():
    from plotly.offline import get_plotlyjs

    results = benchmark(seeds=2, **SIZES)
    text = page(results)
    assert text == page(json.loads(json.dumps(results)))
    assert text.count(get_plotlyjs()) == 1
    own = text.replace(get_plotlyjs(), "")
    assert not re.search(r"https?://|src=|@import|url\(", own)
    assert len(re.findall(r"<link[^>]*>", own)) == 1
    assert '<link rel="icon" href="data:,">' in own


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_plotly_knows_every_option_of_the_plots(seeds):
    import plotly.graph_objects as go

    text = page(benchmark(seeds=seeds, **SIZES))
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["plots"]) == (6 if seeds == 1 else 7)
    for plot in data["plots"]:
        go.Figure(data=plot["data"], layout={**plot["layout"], "template": data["template"]})  # raises on what it does not know


@pytest.mark.parametrize(("seeds", "drawn"), [(5, len(RATES)), (2, 0), (1, 0)])
def test_bands_are_drawn_where_they_do_not_hide_the_lines(seeds, drawn):
    results = benchmark(seeds=seeds, slates=200_000 if seeds == 5 else 20_000, shoppers=500)
    findings = Findings(results)
    plot = curve(findings, Style(findings), "value", "value", 420, "value")
    assert sum(trace.fill is not None for trace in plot.traces) == drawn
    assert sum(trace.fill is None for trace in plot.traces) == len(RATES)
    told = any("too wide" in note.text for note in plot.layout.annotations)
    assert told == (seeds == 2)


def test_results_without_agents_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no agent"):
        write_report({"config": {}, "agents": {}}, tmp_path / "report.html")


def test_the_command_makes_the_same_run():
    results = benchmark(LEARNERS, seeds=2, **SIZES)
    results["config"]["options"] = {"items": 100, "satiation": True}
    assert command(Findings(results)) == (
        "slategym benchmark --world Shop-v0:items=100,satiation=true --agent random --agent popularity --agent lin-ts"
        " --slates 20000 --seeds 2 --shoppers 500 --weights 1,10 --out runs/again"
    )
    results["config"]["seeds"] = [3, 8]
    assert command(Findings(results)) is None


# What it says


def test_an_interrupted_benchmark_has_its_report():
    results = benchmark(LEARNERS, seeds=2, **SIZES)
    del results["agents"]["random"], results["curves"]["random"]
    results["pairs"] = [{**pair, "difference": None, "low": None, "high": None} for pair in results["pairs"]]
    results["notes"] = ["Interrupted: 4 of 6 runs finished, and only those are counted."]
    assert "Interrupted: 4 of 6 runs finished" in page(results)


# Small parts
