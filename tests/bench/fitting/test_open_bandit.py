"""The Open Bandit data has no sign that segments like different items, and the packaged world is the fit of its sample."""

import json
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from slategym.bench.fitting.fit import fit_log
from slategym.bench.fitting.interaction import interaction_p_value
from slategym.bench.fitting.rates import fit_rates
from slategym.bench.fitting.trials import Trials
from slategym.logs import read_impressions
from slategym.sim.worlds.open_bandit.calibrate import CAMPAIGNS, POLICIES, RANKS, _levels, _read_log

LOGS = os.environ.get("SLATEGYM_LOGS", "")
SAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "open_bandit.csv.gz"


@pytest.mark.skipif(not LOGS, reason="the logs are not here: SLATEGYM_LOGS names their folder")
def test_segments_like_the_same_items():
    logs = {name: {policy: _read_log(Path(LOGS, "open_bandit"), policy, name) for policy in POLICIES} for name in CAMPAIGNS}
    levels = _levels(logs)
    sizes = [len(known) for known in levels.values()]
    cells = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    for items, both in zip((80, 34, 46), logs.values(), strict=True):
        column = {name: np.concatenate([each[name] for each in both.values()]) for name in both["random"]}
        codes = [
            np.array([known.index(value) if value in known else len(known) - 1 for value in column[name].tolist()])
            for name, known in levels.items()
        ]
        rows = (column["item_id"], np.ravel_multi_index(codes, sizes), cells, column["click"] == 1, sizes, items)
        trials = Trials.of(*rows, column["position"] - 1, RANKS)
        assert interaction_p_value(trials, fit_rates(trials, quick=True)) > 0.05


def test_the_packaged_world_is_the_fit_of_the_sample():
    packaged = json.loads(files("slategym.sim.worlds").joinpath("fitted", "parameters.json").read_text("utf-8"))
    fitted = json.loads(json.dumps(fit_log(read_impressions(SAMPLE)).parameters))
    assert fitted["fit"]["item_by_segment_p_value"]["clicks"] > 0.05
    same(fitted | {"source": ""}, packaged | {"source": ""})


def same(one, other):
    if isinstance(one, dict):
        assert one.keys() == other.keys()
    if isinstance(one, dict | list):
        assert len(one) == len(other)
        for key in one if isinstance(one, dict) else range(len(one)):
            same(one[key], other[key])
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-6)
    else:
        assert one == other
