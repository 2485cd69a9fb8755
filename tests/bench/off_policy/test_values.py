"""One path for whole logs and blocks: estimates, intervals, support, SLOPE and scalarizers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit
from tests.fuzz.hostile import NOT_NUMBERS

from slategym.agents.scalarizers import NashWelfare, make_scalarizer
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.off_policy.actions import ipw
from slategym.bench.off_policy.intervals import bernstein, bootstrap, bootstraps, normal, resampled
from slategym.bench.off_policy.registry import ESTIMATORS, make_estimator, options_for
from slategym.bench.off_policy.rounds import Actions, Episodes, Slates
from slategym.bench.off_policy.selection import slope
from slategym.bench.off_policy.sums import GROUPS, Sums
from slategym.bench.off_policy.support import Support, mass_outside
from slategym.bench.off_policy.terms import Terms, mean_of
from slategym.bench.off_policy.values import policy_values
from slategym.bench.statistics import Estimate

ITEMS = 6
MEANS = np.linspace(0.1, 0.6, ITEMS)
TARGET = np.array([0.05, 0.05, 0.1, 0.2, 0.3, 0.3])
BEHAVIOUR = np.array([0.3, 0.3, 0.15, 0.1, 0.1, 0.05])
TRUTH = float(TARGET @ MEANS)
SINGLE = [name for name, spec in ESTIMATORS.items() if spec.kind == "actions"]


def log(n, seed=0, objectives=1, bias=0.05):
    """Rounds without contexts, and a model that is wrong by a constant."""
    random = np.random.Generator(np.random.Philox(seed))
    action = random.choice(ITEMS, n, p=BEHAVIOUR)
    mean = np.stack([MEANS ** (1 + number) for number in range(objectives)], axis=1)
    reward = (random.random((n, objectives)) < mean[action]).astype(float)
    model = mean + bias
    given = [model[action], np.tile(TARGET @ model, (n, 1))]
    arrays = [each[:, 0] if objectives == 1 else each for each in (reward, *given)]
    return Actions(arrays[0], BEHAVIOUR[action], TARGET[action], arrays[1], arrays[2], arrays[1], arrays[2])


def sums_of(terms, cluster=None):
    sums = Sums()
    sums.add(terms, cluster)
    return sums


@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein"])
def test_blocks_give_the_numbers_of_the_whole(interval):
    rounds = log(3000, objectives=2)
    whole = policy_values(rounds, SINGLE, interval=interval)
    for size in (GROUPS, 1700):
        blocks = policy_values(rounds.blocks(size), SINGLE, interval=interval)
        for name in SINGLE:
            for one, other in zip(whole[name].objectives, blocks[name].objectives, strict=True):
                assert one.known == pytest.approx(other.known, rel=1e-9)
            assert whole[name].effective_size == pytest.approx(blocks[name].effective_size)
            assert whole[name].chosen == blocks[name].chosen
            assert whole[name].warnings == blocks[name].warnings


def test_the_normal_interval_is_the_formula_of_text_books():
    rounds = log(3000)
    terms = ipw(rounds.reward, rounds.behaviour, rounds.target)
    values = terms.top[:, 0, 0]
    low, high = normal(sums_of(terms), 0.9)
    half = stdtrit(2999, 0.95) * values.std(ddof=1) / np.sqrt(3000)
    assert (low[0], high[0]) == pytest.approx((values.mean() - half, values.mean() + half))
    found = policy_values(rounds, ["snipw"])["snipw"].objectives[0]
    weight = rounds.weight
    expected = Estimate.from_ratio(weight * rounds.reward[:, 0], weight)
    assert found.known == pytest.approx(expected.known, rel=1e-3)  # its delta method takes the denominator's mean for known, too


def test_the_bootstrap_agrees_with_the_normal_interval_and_is_the_same_again():
    for n in (600, 40_000):  # each round a group of its own, and many in each
        sums = sums_of(make_estimator("sndr").terms(log(n)))
        one, other = normal(sums, 0.95), bootstrap(sums, 0.95)
        assert other[1] - other[0] == pytest.approx(one[1] - one[0], rel=0.1)
        assert bootstrap(sums, 0.95)[0].tolist() == other[0].tolist()
        assert resampled(sums, 100).shape == (100, 1)


def test_the_bootstrap_of_rare_rewards_reaches_further_up_than_down():
    """As the exact interval of a rate does: 20 of 1,000 is 1.23 to 3.07 % (Clopper and Pearson)."""
    sums = sums_of(mean_of((np.arange(1000) < 20).astype(float)[:, None]))
    assert sums.skewness()[0] == pytest.approx((1 - 0.04) / np.sqrt(0.02 * 0.98 * 1000))
    low, high = (100 * float(end[0]) for end in bootstrap(sums, 0.95))
    assert low == pytest.approx(1.25, abs=0.15)
    assert high == pytest.approx(3.05, abs=0.15)
    assert high - 2 > 2 - low


def test_rounds_of_a_cluster_count_as_one():
    random = np.random.Generator(np.random.Philox(2))
    each = random.normal(0, 1, 400)
    cluster = np.repeat(np.arange(400), 25)
    values = np.repeat(each, 25)[:, None]
    alike, apart = sums_of(mean_of(values), cluster), sums_of(mean_of(random.permutation(values)))
    true = each.std() / np.sqrt(400)
    for interval in (normal, bootstrap):
        low, high = interval(alike, 0.95)
        assert (high - low)[0] / 3.92 == pytest.approx(true, rel=0.1)
        low, high = interval(apart, 0.95)
        assert (high - low)[0] / 3.92 == pytest.approx(true / 5, rel=0.1)
    with pytest.raises(ValueError, match="needs independent rounds: use bootstrap or normal with clusters"):
        bernstein(alike, 0.95)
    with pytest.raises(ValueError, match="some blocks have clusters and others have none"):
        alike.add(mean_of(values))


def test_intervals_cover_as_often_as_they_say():
    """A hundred and fifty logs: 95 % within four standard errors of that rate, and the guaranteed interval at least as often."""
    names = ("ipw", "snipw", "dr")
    covered = {(name, interval): 0 for name in names for interval in ("normal", "bootstrap", "bernstein")}
    for seed in range(150):
        rounds = log(1200, seed=1000 + seed)
        sums = [sums_of(make_estimator(name).terms(rounds)) for name in names]
        found = {"bootstrap": bootstraps(sums, 0.95), "normal": [normal(each, 0.95) for each in sums]}
        found["bernstein"] = [bernstein(each, 0.95) for each in sums]
        for interval, pairs in found.items():
            for name, (low, high) in zip(names, pairs, strict=True):
                covered[name, interval] += bool(low[0] <= TRUTH <= high[0])
    for (_, interval), count in covered.items():
        if interval == "bernstein":
            assert count >= 0.95 * 150
        else:
            assert count / 150 == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 150))


def test_a_weighted_sum_of_objectives_is_that_of_the_rewards():
    rounds = log(4000, objectives=2)
    together = rounds.reward @ [1.0, 10.0], rounds.predicted @ [1.0, 10.0], rounds.expected @ [1.0, 10.0]
    single = Actions(together[0], rounds.behaviour, rounds.target, together[1], together[2])
    for interval in ("normal", "bootstrap"):
        for name in ("ipw", "sndr"):
            found = policy_values(rounds, [name], interval=interval, scalarizer=FixedSum([1, 10]))[name].utility
            assert found.known == pytest.approx(policy_values(single, [name], interval=interval)[name].objectives[0].known)
    wide = policy_values(rounds, ["ipw"], interval="bernstein", scalarizer=FixedSum([1, 10]))["ipw"].utility
    exact = policy_values(single, ["ipw"], interval="bernstein")["ipw"].objectives[0]
    assert wide.low <= exact.low + 1e-12
    assert wide.high >= exact.high - 1e-12
    assert policy_values(rounds, ["ipw"])["ipw"].utility is None
    with pytest.raises(ValueError, match="the scalarizer has 3 weights: expected 2"):
        policy_values(rounds, ["ipw"], scalarizer=FixedSum([1, 2, 3]))


def test_a_concave_utility_is_that_of_the_mean_with_its_bootstrap_interval():
    rounds = log(20_000, objectives=2)
    nash = NashWelfare(disagreement=[0.05, 0.01])
    found = policy_values(rounds, ["dr"], scalarizer=nash)["dr"]
    assert found.utility.mean == pytest.approx(nash.utility(found.mean))
    true = nash.utility([TRUTH, TARGET @ MEANS**2])
    assert found.utility.low <= true <= found.utility.high
    # To first order it is as wide as the gradient makes it.
    sums = sums_of(make_estimator("dr").terms(rounds))
    slope_ = nash.gradient(found.mean)
    error = np.sqrt(slope_ @ sums.covariance() @ slope_)
    assert found.utility.high - found.utility.low == pytest.approx(3.92 * error, rel=0.1)
    gini = make_scalarizer("gini:shares=1,0.2", ["click", "conversion"])
    assert policy_values(rounds, ["dr"], scalarizer=gini)["dr"].utility.interval is not None


def test_slope_goes_on_until_the_bias_shows():
    random = np.random.Generator(np.random.Philox(4))

    def candidate(mean, spread):
        return sums_of(mean_of(random.normal(mean, spread, (10_000, 1))))

    alike = [candidate(0, spread) for spread in (8, 4, 2, 1)]
    assert slope(alike) == 3
    assert slope([*alike, candidate(1, 0.5)]) == 3
    assert slope([candidate(0, 8), candidate(0.5, 4), candidate(0, 2)]) == 0
    assert slope(alike[:1]) == 0
    with pytest.raises(ValueError, match="there is no candidate"):
        slope([])
    found = policy_values(log(500), ["ipw:clip=auto", "switch-dr", "dr-os", "subgaussian-dr"])
    assert {name: list(value.chosen) for name, value in found.items()} == {
        "ipw:clip=auto": ["clip"],
        "switch-dr": ["threshold"],
        "dr-os": ["shrinkage"],
        "subgaussian-dr": ["rate"],
    }


def test_what_the_log_lacks_is_told():
    reward = np.ones(1000)
    assert policy_values(log(5000), ["ipw"])["ipw"].warnings == ()
    missing = np.full(1000, 0.5)
    missing[:3], missing[3] = 0, np.nan
    said = policy_values(Actions(reward, missing, np.full(1000, 0.5)), ["ipw"])["ipw"].warnings
    assert said[0].startswith("4 of 1,000 rounds have a logged propensity of 0 or none")
    half = np.where(np.arange(1000) % 2, 0.5, 0.0)  # half of what it chooses is never logged
    said = policy_values(Actions(reward, np.full(1000, 0.5), half), ["ipw"])["ipw"].warnings
    assert said == (
        "About 50 % of the policy's choices are outside the support of the log, which never contains them: only a reward model "
        "can estimate their value.",
    )
    never = policy_values(Actions(reward, np.full(1000, 0.5), np.zeros(1000)), ["ipw", "snipw"])
    assert never["ipw"].warnings == ("The policy never makes a logged choice: importance weighting cannot evaluate it.",)
    assert never["snipw"].objectives[0] == Estimate(None)
    few = np.full(1000, 1e-6)
    few[:5] = 1.0
    said = policy_values(Actions(reward, np.full(1000, 0.005), few), ["ipw"])["ipw"].warnings
    assert any("effective sample size is 5" in each for each in said)
    assert any("One round has 20 % of all weight" in each for each in said)
    assert mass_outside([[0.5, 0.5, 0]], [[0.2, 0.3, 0.5]]).tolist() == [0.5]
    given = Actions(reward, np.full(1000, 0.5), np.full(1000, 0.5), outside=np.full(1000, 0.25))
    assert "About 25 %" in policy_values(given, ["ipw"])["ipw"].warnings[0]
    near = policy_values(Actions(reward, np.full(1000, 0.005), few), ["subgaussian-ipw:rate=1"])["subgaussian-ipw:rate=1"]
    assert near.effective_size > 100  # its own weights are alike
    assert near.warnings == ()
    model = policy_values(Actions(reward, few, few, few, np.full(1000, 0.3)), ["dm"])["dm"]
    assert model.warnings == ()  # it uses no weights
    assert model.effective_size == 1000
    rare = np.zeros(5000)
    rare[:8] = 1
    said = policy_values(Actions(rare, np.full(5000, 0.5), np.full(5000, 0.5)), ["ipw"])["ipw"].warnings
    assert len(said) == 1
    assert said[0].startswith(
        "A few rounds with large weights or rare rewards dominate the estimate (its skewness is 0.35, above 0.2)"
    )
    support = Support()
    assert support.warnings == ("The log has no rounds.",)
    assert np.isnan(support.mean_weight)


def test_an_empty_log_has_no_estimate():
    assert policy_values(log(50), ["ipw", "ipw"])["ipw"].rounds == 50
    nothing = policy_values([], ["ipw"])["ipw"]
    assert (nothing.objectives, nothing.utility, nothing.rounds) == ((Estimate(None),), None, 0)
    one = policy_values(Actions([1], [0.5], [0.5]), ["ipw"], interval="bootstrap")["ipw"].objectives[0]
    assert (one.mean, one.interval) == (1, None)


@given(st.integers(2, 60), st.integers(1, 3), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_sums_in_any_blocks_are_the_terms_own(n, parts, seed):
    random = np.random.Generator(np.random.Philox(seed))
    terms = Terms(random.normal(size=(n, parts, 2)), random.uniform(0.5, 2, (n, parts)), random.uniform(0, 2, (n, parts)))
    cut = int(random.integers(1, n))
    sums = Sums()
    for rows in (slice(0, cut), slice(cut, n)):
        sums.add(Terms(terms.top[rows], terms.bottom[rows], terms.weight[rows]))
    np.testing.assert_allclose(sums.value, terms.value)
    assert sums.count == n
    assert sums.effective_size == pytest.approx((terms.weight.sum(axis=0) ** 2 / (terms.weight**2).sum(axis=0)).min())
    covariance = sums.covariance()
    assert np.linalg.eigvalsh(covariance).min() > -1e-12
    # The influence of a round, by leaving it out.
    without = [Terms(np.delete(terms.top, row, 0), np.delete(terms.bottom, row, 0)).value for row in range(n)]
    jackknife = np.cov(np.array(without).T) * (n - 1) ** 2 / n
    assert np.trace(covariance) == pytest.approx(np.trace(jackknife), rel=1.5 if n < 30 else 0.4)


def test_estimators_by_text():
    assert make_estimator("switch-dr:threshold=10").options == {"threshold": 10.0}
    assert make_estimator("ipw:clip=none").options == {"clip": None}
    assert not make_estimator("ipw").automatic
    assert make_estimator("switch-dr").automatic
    assert make_estimator("position-based:examination=1,0.5").options == {"examination": (1.0, 0.5)}
    assert make_estimator("sips:self_normalised=true").options == {"self_normalised": True}
    assert make_estimator("cascade-dr").needs == ("reward", "behaviour", "target", "predicted", "expected")
    made = make_estimator("dr-os:shrinkage=auto")
    assert make_estimator(made) is made
    assert [each.options["shrinkage"] for each in made.candidates][:2] == [None, 1e6]
    for spec in ESTIMATORS.values():
        assert spec.function.__doc__
        for option in options_for(spec.name).values():
            assert option.meaning
    for text, said in (
        ("ipv", "there is no estimator 'ipv'. Did you mean 'ipw'"),
        ("ipw:clip", "expected options as name=value, such as ipw:name=value"),
        ("ipw:clips=3", "there is no option of estimator 'ipw' 'clips'. Did you mean 'clip'?"),
        ("ipw:clip=many", "clip=many: expected"),
        ("ipw:clip=-1", "clip is -1.0: expected a number above 0, or None"),
        ("dr:clip=auto", "there is no option of estimator 'dr' 'clip'"),
        ("ipw:clip=auto,clip=3", "the option 'clip' is given twice"),
    ):
        with pytest.raises(ValueError, match=said.replace("(", r"\(").replace("?", r"\?")):
            make_estimator(text)
    with pytest.raises(ValueError, match="chooses threshold from the whole log: give a number, or use policy_values"):
        make_estimator("switch-dr").terms(log(10))
    with pytest.raises(ValueError, match="sips is an estimator of slates: expected such rounds, got actions"):
        policy_values(log(10), ["sips"])


def test_rounds_say_what_is_wrong_with_them():
    fine = np.full(3, 0.5)
    for make, said in (
        (lambda: Actions([1, 2, np.inf], fine, fine), r"reward\[2\] is not finite"),
        (lambda: Actions([1, 2, 3], fine[:2], fine), r"behaviour has shape \(2,\): expected \(3,\)"),
        (lambda: Actions([1, 2, 3], fine, [0.5, 1.5, 0]), r"target\[1\] is 1.5: expected a probability, 0 to 1$"),
        (lambda: Actions([1, 2, 3], [0.5, -1, 0], fine), r"behaviour\[1\] is -1.0: expected a probability, 0 to 1, or NaN"),
        (
            lambda: Actions([1, 2, 3], fine, fine, np.zeros((3, 2))),
            "predicted has 2 objectives: expected 1, like reward",
        ),
        (lambda: Actions([1, 2, 3], fine, fine, cluster=[0, 1]), r"cluster is \[0, 1\]: expected \(3,\) whole numbers from 0"),
        (lambda: Actions(1, fine, fine), "reward is 1: expected an array"),
        (lambda: Slates([1, 2, 3], fine, fine), r"expected \(n, k\) or \(n, k, M\), one reward per rank"),
        (lambda: Slates(np.ones((3, 2)), np.ones((3, 3)), fine), r"behaviour has shape \(3, 3\): expected \(3, 2\)"),
        (lambda: Slates(np.ones((3, 2)), fine, fine, shown=np.ones((3, 2))), "shown is float64 .*: expected bool of shape"),
        (
            lambda: policy_values(Actions([1, 2, 3], fine, fine), ["dr"]),
            "dr needs predicted and expected, which Actions lacks: fit",
        ),
        (lambda: policy_values(Slates(np.ones((3, 2)), fine, fine), ["rips"]), "rips needs behaviour and target of each rank"),
        (lambda: policy_values(log(10), ["ipw"], level=1.0), "level is 1.0: expected a number above 0 and below 1"),
        (lambda: policy_values(log(10), []), "estimators is empty: expected some of ipw, snipw"),
        (lambda: policy_values(log(10), ["ipw"], interval="exact"), "interval is 'exact': expected 'normal'"),
    ):
        with pytest.raises(ValueError, match=said):
            make()
    pairs = Slates(np.ones((3, 2)), np.full((3, 2), 0.5), np.full((3, 2), 0.5))
    with pytest.raises(ValueError, match=r"pseudo-inverse needs .*independent=True if the logging policy draws each rank"):
        policy_values(pairs, ["pseudo-inverse"])
    with pytest.raises(ValueError, match="iips needs marginal_behaviour and marginal_target, which Slates lacks"):
        policy_values(pairs, ["iips"])
    whole = Slates(np.ones((3, 2)), fine, fine, places_behaviour=np.full((3, 2, 2), 0.5), places_target=np.full((3, 2, 2), 0.5))
    found = policy_values(whole, ["sips", "iips", "position-based:examination=1,0.5"])
    assert [value.objectives[0].mean for value in found.values()] == [2, 2, 2]
    steps = [Episodes.from_steps([0, 0], [1, 1], [1, 1]), Episodes.from_steps([0], [1], [1])]
    with pytest.raises(ValueError, match=r"pass the same steps to Episodes.from_steps for all blocks"):
        policy_values(steps, ["per-decision:self_normalised=true"])


HOSTILE = (*(value for _, value in NOT_NUMBERS), None, 1 + 2j, np.array(["0.5"] * 4), np.full((4, 4, 4, 4, 4), 0.5), [], np.nan)


@pytest.mark.parametrize("make", [Actions, Slates, Episodes, Episodes.from_steps])
def test_what_is_no_array_of_numbers_is_refused_by_name(make):
    """In place of each array in turn, whatever it is."""
    one = np.full(4, 0.5)
    good = {
        Actions: {"reward": one, "behaviour": one, "target": one, "predicted": one, "outside": one, "cluster": [0, 1, 1, 2]},
        Slates: {name: np.full((4, 2), 0.5) for name in ("reward", "behaviour", "target", "predicted", "marginal_target")},
        Episodes: {name: np.full((4, 2), 0.5) for name in ("reward", "ratio", "predicted", "expected")},
        Episodes.from_steps: {"episode": [0, 0, 1, 1], "reward": one, "ratio": one, "predicted": one},
    }[make]
    assert len(make(**good)) > 0
    optional = ("predicted", "expected", "outside", "cluster", "marginal_target")
    for name in good:
        for value in HOSTILE:
            if value is None and name in optional:
                continue
            with pytest.raises(ValueError, match=r"^\w+(\[.*\])? (is|has) "):
                make(**good | {name: value})
