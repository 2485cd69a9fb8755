"""The checks of agents: the built-in ones are sound, and each broken one is caught by its own sin alone."""

import re

import pytest
from tests.agents.adapters.peers import BUILT_IN
from tests.testing import agents_zoo as zoo

from slategym.sim.objectives import OBJECTIVES, make_objectives
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import check_agent, examine_agent

# Which check finds them, and what it says: where, what, and the fix.
DECIDES, RANDOMNESS, SEED = "slates and propensities", "no global state", "same seed, same answer"
PROPENSITIES = "choices agree with propensities"
BROKEN = {
    DECIDES: {
        zoo.Demanding: r"Demanding raises AttributeError: 'Problem' object has no attribute 'budget' \(\w+_zoo.py:\d+\). Create",
        zoo.Deaf: r"Deaf has no update. Define act\(observation\) and update",
        zoo.Bare: r"Bare.choose returns a ndarray: expected a Decision with slate and propensity.* Return Decision\(slate",
        zoo.OneForAll: r"OneForAll.choose returns a slate of shape \(3,\): expected \(1, 3\), 1 shoppers by 3 ranks. Return a",
        zoo.Narrow: r"Narrow.choose returns a slate of dtype int32: expected int64. Return slate.astype\(np.int64\)",
        zoo.Wide: r"Wide.choose returns a propensity of dtype float64: expected float32. Return propensity.astype\(np.float32\)",
        zoo.FromOne: r"FromOne.choose returns slate\[0, 0\] = 12: expected an item 0..11. Return positions in the catalogue",
        zoo.Repeats: r"Repeats.choose returns slate\[0, 1\] = 0: expected different items. Take items without replacement",
        zoo.Impossible: r"Impossible.choose returns propensity\[0, 0\] = 0: expected a probability in \(0, 1\], or NaN. Return",
        zoo.Lonely: r"Lonely.choose raises IndexError: .* \(\w+_zoo.py:\d+\), for 1 shoppers. Return a slate",
        zoo.Punctual: r"Punctual.learn raises NotImplementedError: delayed conversions \(\w+.py:\d+\), for \d+ shoppers. Accept",
    },
    "inputs left alone": {
        zoo.Standardises: r"Standardises.choose writes to observation\[0, 0\]. Work on a copy",
        zoo.Corrects: r"Corrects.learn writes to feedback.clicks\[\d+, \d\]. Work on a copy",
    },
    RANDOMNESS: {
        zoo.NumpyRandom: r"NumpyRandom.choose draws from the global generator of numpy.random. Draw from self.random",
        zoo.PythonRandom: r"PythonRandom.learn draws from the global generator of random. Draw from self.random",
    },
    SEED: {
        zoo.Unseeded: r"Unseeded.choose returns slate\[\d, \d\] = \d+ and \d+ at step 0 .*, when run again. Draw",
        zoo.ReadsTheSeed: r"ReadsTheSeed.choose returns slate.*, when run with another seed of the global generators",
    },
    "no arrays shared": {
        zoo.Reuses: r"Reuses.choose later writes to the slate of step \d+. Return new arrays from each act",
        zoo.Keeps: r"Keeps keeps the caller's arrays: slate \d+ changes if arrays are reused .* Copy what you store",
    },
    PROPENSITIES: {
        zoo.Boasts: r"Boasts.choose returns .* 1 for item \d+ at rank 0, but .* in 0.0\d+ of 16,000 cases; .* sum to 12. Return",
        zoo.Forgets: r"Forgets.choose returns .* 1 for item \d+ at rank 1, but .* in 0.\d+ of 1,\d+ cases; .* sum to 11. Return",
        zoo.Greedy: r"Greedy.choose returns .* 0.5 for item 0 at rank 0, but .* in 0.5\d+ of 16,000 cases; .* sum to 0.9583",
    },
    "save and load": {
        zoo.Amnesiac: r"Amnesiac.load returns an agent that decides differently from the saved one, \d steps after loading. Save",
    },
}
IMPROVABLE = {
    PROPENSITIES: {zoo.Silent: r"Silent.choose has unknown propensities \(NaN\).* Return the probability of each choice"},
    "save and load": {zoo.Unpicklable: r"Unpicklable.save cannot be saved: it raises .* Store only what pickle supports"},
    "no loop over shoppers": {zoo.Loops: r"Loops runs \w+_zoo.py:\d+ once per shopper.* Replace the loop"},
    "speed": {zoo.Sleeps: r"Sleeps takes \d+ times as long as the random agent for 1000 shoppers. Use matrix products"},
}
CAUGHT = [(name, kind, words) for table in (BROKEN, IMPROVABLE) for name, each in table.items() for kind, words in each.items()]


UNKNOWN = (
    *("bandit:beta-ts", "lin-ts", "crosses:lin-ts", "mmr:lin-ts", "dpp:lin-ts"),
    *("logistic-ts", "text-reranker:logistic-ts", "sb3:PPO"),
)
SMALLER = {
    "predictor:mlp": ":hidden=8,width=4,batch_size=50",
    "fusion:mean": ":agents=popularity+lin-ts",
    "slateq:network": ":hidden=8,width=4",
}


# One of each family; the others differ from it in how they explore, or wrap it.
FAMILIES = (
    "random",
    "popularity",
    "lin-ts",
    "logistic-ts",
    "policy-gradient",
    "predictor:mlp",
    "recommender:item-knn",
    "fusion:mean",
)


@pytest.mark.quick("random", "popularity", "lin-ts")
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FAMILIES)) for name in BUILT_IN])
def test_built_in_agents_are_sound(name):
    found = [finding for check in examine_agent(name + SMALLER.get(name, "")) for finding in check.findings]
    unknown = [finding.what for finding in found if "propensities (NaN)" in finding.what]
    assert len(unknown) == (name in UNKNOWN)
    assert [str(finding) for finding in found if finding.what not in unknown] == []


@pytest.mark.parametrize(
    "options", [{"items": 40, "categories": 4, "slate_size": 1}, {"items": 4, "categories": 2, "slate_size": 4}]
)
def test_sound_in_other_worlds(options):
    assert check_agent("epsilon-greedy", make_world("Shop-v0", **options)) == []


EVERY = make_objectives(OBJECTIVES)
WORLDS = {
    "candidates": {"candidates": 10},
    "one objective": {"objectives": "conversion"},
    "every objective among candidates": {"objectives": EVERY, "candidates": 10},
}


@pytest.mark.parametrize("options", WORLDS.values(), ids=WORLDS)
def test_candidates_and_any_objectives(options):
    assert check_agent("popularity", make_world("Shop-v0", items=40, categories=4, **options)) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_agent_with_candidates_and_any_objectives(name, options):
    found = check_agent(name, make_world("Shop-v0", items=40, categories=4, **options))
    assert [str(finding) for finding in found if "propensities (NaN)" not in finding.what] == []


@pytest.mark.slow
@pytest.mark.parametrize("world", ["OpenBandit-v0", "Hillstrom-v0"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_agent_in_every_world(name, world):
    found = check_agent(name, world)
    assert [str(finding) for finding in found if "propensities (NaN)" not in finding.what] == []


def test_a_position_that_is_none_is_told_as_that():
    (finding,) = check_agent(zoo.FromOne, make_world("Shop-v0", items=40, categories=4, candidates=10, slate_size=3))
    assert "expected a position 0..9. Return positions among the candidates" in str(finding)


def test_sound_agents_of_ones_own():
    assert check_agent(zoo.Sound) == []
    assert check_agent(zoo.Blocks) == []  # a helper that runs often is no loop over shoppers
    assert [
        finding.severity for finding in check_agent(lambda problem, seed, scalarizer: zoo.Duck(problem, seed, scalarizer))
    ] == []


@pytest.mark.quick("[ABCDFNOPRSU]*", "Lonely", "Impossible", "Loops")
@pytest.mark.parametrize(("name", "broken", "words"), CAUGHT, ids=[kind.__name__ for _, kind, _ in CAUGHT])
def test_each_sin_is_told_once_by_its_own_check(name, broken, words):
    checks = list(examine_agent(broken))
    ((check, finding),) = [(check, finding) for check in checks for finding in check.findings]
    assert (check.name, finding.severity) == (name, "failure" if broken in BROKEN.get(name, {}) else "hint")
    assert re.match(words, str(finding)), str(finding)


def test_who_overrides_act_is_told_what_is_lost():
    found = check_agent(zoo.ActsItself)
    assert [(finding.where, finding.severity) for finding in found] == [
        ("ActsItself.predict", "hint"),
        ("ActsItself.act", "hint"),
    ]
    assert "NotImplementedError" in found[0].what
    assert "NaN" in found[1].what


def test_what_follows_from_a_failure_is_left_out():
    outcomes = {check.name: check.outcome for check in examine_agent(zoo.NumpyRandom)}
    assert [name for name, outcome in outcomes.items() if outcome == "left out"] == [SEED, "no arrays shared", "save and load"]
    outcomes = {check.name: check.outcome for check in examine_agent(zoo.Deaf)}
    assert outcomes.pop(DECIDES) == "failure"
    assert set(outcomes.values()) == {"left out"}


def test_no_agent_of_that_name():
    with pytest.raises(ValueError, match="Did you mean 'popularity'"):
        check_agent("popularty")
