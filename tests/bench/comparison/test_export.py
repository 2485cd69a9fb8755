"""Tables of a benchmark as files that other programs read."""

import csv

import pyarrow.parquet as pq
import pytest
from tests.bench.reports.benchmarks import benchmark

from slategym.bench.comparison.export import export, latex


def test_tables_hold_the_numbers_of_the_results(tmp_path):
    results = benchmark(["random", "popularity", "lin-ts"], seeds=3)
    paths = {path.name for path in export(results, tmp_path)}
    assert paths == {"agents.csv", "seeds.csv", "pairs.csv", "leaderboard.tex", "curves.parquet"}
    with (tmp_path / "agents.csv").open() as file:
        rows = {(row["agent"], row["metric"]): row for row in csv.DictReader(file)}
    for name, agent in results["agents"].items():
        assert float(rows[name, "value"]["mean"]) == agent["value"]["mean"]
        assert float(rows[name, "value"]["high"]) == agent["value"]["high"]
    with (tmp_path / "seeds.csv").open() as file:
        seeds = [float(row["value"]) for row in csv.DictReader(file) if (row["agent"], row["metric"]) == ("lin-ts", "value")]
    assert seeds == results["agents"]["lin-ts"]["seeds"]["value"]
    with (tmp_path / "pairs.csv").open() as file:
        assert [float(row["difference"]) for row in csv.DictReader(file)] == [pair["difference"] for pair in results["pairs"]]
    curves = pq.read_table(tmp_path / "curves.parquet").to_pylist()
    own = [row["mean"] for row in curves if (row["agent"], row["metric"]) == ("lin-ts", "cumulative_regret")]
    assert own == results["curves"]["lin-ts"]["cumulative_regret"]["mean"]


def test_latex_is_escaped_and_ordered():
    results = benchmark(["random", "a_b & 50%"], seeds=3)
    lines = latex(results).splitlines()
    assert lines[0] == r"\begin{tabular}{lrrr}"
    assert lines[4].startswith(r"a\_b \& 50\% & $")
    assert lines[4].endswith(r"$ \\")
    assert lines[5].startswith("random & $")
    with pytest.raises(ValueError, match="the results contain no agent"):
        export({"agents": {}}, None)
