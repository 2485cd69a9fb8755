"""The look of a report: labels that do not cover each other, colours that can be seen, a look for each agent."""

from itertools import pairwise

import pytest
from tests.bench.reports.benchmarks import RATES, benchmark
from tests.bench.reports.test_benchmark import SIZES

from slategym.bench.reports.benchmark_plots import clicks_against_conversions
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.labels import LABEL_GAP, positions, spread
from slategym.bench.reports.style import INK, PALETTE, Style


def test_labels_keep_their_distance_and_their_order():
    heights = [50.0, 51.0, 52.0, 200.0, 65.0]
    moved = spread(heights)
    order = sorted(range(5), key=lambda place: heights[place])
    assert sorted(range(5), key=lambda place: moved[place]) == order
    gaps = [moved[b] - moved[a] for a, b in pairwise(order)]
    assert min(gaps) >= LABEL_GAP - 1e-9
    assert moved[3] == 200.0


def test_a_label_avoids_the_point_beside_it():
    point = (0.5, 0.5, 0.5)
    beside = (0.53, 0.53, 0.53)
    chosen = positions({"a": (point, point), "b": (beside, point)}, {"a": 60.0, "b": 60.0}, 400.0)
    assert chosen == {"a": "middle left", "b": "middle right"}


@pytest.mark.parametrize("tone", [0, 1])
def test_colours_can_be_seen_on_the_page(tone):
    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        return sum(
            w * (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4)
            for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
        )

    paper = luminance(INK["paper"][tone])
    for colour in (*PALETTE, INK["baseline"], INK["ink"]):
        light, dark = sorted((luminance(colour[tone]), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3.0  # WCAG 2.1, 1.4.11: graphical objects


@pytest.mark.parametrize("weights", [(1.0, 10.0), (1.0, 0.0), (0.0, 5.0), (1.0, -2.0)])
def test_lines_of_equal_value_are_what_they_say(weights):
    results = benchmark(seeds=3, **SIZES)
    results["config"]["weights"] = list(weights)
    findings = Findings(results)
    plot = clicks_against_conversions(findings, Style(findings))
    lines = [trace for trace in plot.traces if trace.mode == "lines"]
    values = [[weights[0] * x + weights[1] * y for x, y in zip(line.x, line.y, strict=True)] for line in lines]
    assert len(lines) >= 3
    assert all(start == pytest.approx(end) for start, end in values)
    labels = {float(note.text.removeprefix("value ").replace("−", "-")) for note in plot.layout.annotations}
    assert len(labels) >= 3
    assert all(min(abs(label - value) for value, _ in values) < 1e-9 for label in labels)


def test_each_agent_keeps_its_own_look():
    style = Style(Findings(benchmark([*RATES, *(f"agent {place}" for place in range(8))], seeds=1, **SIZES)))
    looks = [(style.colour(name), style.dash(name)) for name in style.names]
    assert len(set(looks)) == len(looks)
