"""The study of estimators: exact policies and truths, cells, advice, the page and the command."""

import json
from itertools import permutations

import numpy as np
import pytest
from tests.every_world import SHORT
from typer.testing import CliRunner

from slategym.bench.off_policy.registry import make_estimator
from slategym.bench.off_policy.study.advice import advice, failing, short
from slategym.bench.off_policy.study.job import StudyJob, estimators_for
from slategym.bench.off_policy.study.policies import PlackettLuce, Product, of_items, places
from slategym.bench.off_policy.study.reward_model import predictions
from slategym.bench.off_policy.study.setting import KINDS, Setting
from slategym.bench.off_policy.study.study import plan_study, study_estimators
from slategym.bench.off_policy.values import policy_values
from slategym.bench.reports.off_policy.study import page
from slategym.bench.rollouts import derived, random_policy, sample_visited
from slategym.scripts.main import app
from slategym.sim.worlds import make_world

SMALL = "ShopBandit-v0:items=12,categories=3,slate_size=2"
FAR = ("--logging", "near", "--logging", "opposite")


@pytest.fixture(scope="module")
def setting():
    return Setting.of(make_world(SMALL), 5, seed=3, contexts=60)


def test_plackett_luce_is_exact():
    random = np.random.Generator(np.random.Philox(1))
    policy = PlackettLuce(random.normal(size=(3, 5)), 3)
    slates = np.array(list(permutations(range(5), 3)))
    for context in range(3):
        rows = np.full(len(slates), context)
        chosen = of_items(policy.choices(rows, slates), slates)
        whole = chosen.prod(axis=1)
        assert whole.sum() == pytest.approx(1, abs=1e-12)
        for rank in range(3):
            expected = np.bincount(slates[:, rank], whole, 5)
            np.testing.assert_allclose(policy.marginals[context, rank], expected, atol=1e-12)
        at = places(policy.marginals, rows, slates)
        np.testing.assert_allclose(at[7], policy.marginals[context][:, slates[7]].T)
    drawn = policy.sample(random, np.zeros(60_000, np.int64))
    seen = np.bincount(drawn[:, 0], minlength=5) / len(drawn)
    np.testing.assert_allclose(seen, policy.strength[0], atol=5 * 0.5 / np.sqrt(len(drawn)))
    assert (np.sort(drawn, axis=1)[:, 1:] > np.sort(drawn, axis=1)[:, :-1]).all()


def test_a_product_draws_each_rank_from_items_of_its_own():
    random = np.random.Generator(np.random.Philox(2))
    policy = Product(random.normal(size=(2, 7)), 3)
    np.testing.assert_allclose(policy.marginals.sum(axis=2), 1)
    drawn = policy.sample(random, np.ones(60_000, np.int64))
    assert (drawn % 3 == np.arange(3)).all()
    for rank in range(3):
        seen = np.bincount(drawn[:, rank], minlength=7) / len(drawn)
        np.testing.assert_allclose(seen, policy.marginals[1, rank], atol=5 * 0.5 / np.sqrt(len(drawn)))


@pytest.mark.parametrize("name", SHORT)
def test_the_tables_are_those_of_the_world(name):
    world = make_world(name, **({"items": 30} if "items" in _options(name) else {}))
    if world.candidates is not None:  # policies choose from the whole catalogue there, and worlds from candidates
        return
    own = derived(0, "contexts of the study of estimators")
    setting = Setting.of(world, min(6, world.catalog.size), 0, contexts=40)
    shoppers = next(iter(sample_visited(world, random_policy(world, own), own, 40)))
    slate = np.tile(np.arange(setting.ranks), (len(shoppers), 1))
    world_slate = setting.items[slate]
    if world_slate.shape[1] < world.slate_size:
        return
    click, conversion = world.probabilities(shoppers, world_slate)
    expected = setting.expected(np.arange(len(shoppers)), slate)
    np.testing.assert_allclose(expected, setting.weights[0] * click + setting.weights[1] * conversion, rtol=1e-5, atol=1e-7)


def _options(name):
    from slategym.sim.worlds import world_options

    return world_options(name)


def test_sampled_rewards_have_the_expected_mean(setting):
    random = np.random.Generator(np.random.Philox(5))
    context = random.integers(60, size=100_000)
    slate = setting.policy("slates", "uniform").sample(random, context)
    reward, expected = setting.rewards(random, context, slate), setting.expected(context, slate)
    error = (reward - expected).std(axis=0) / np.sqrt(len(context))
    assert (abs((reward - expected).mean(axis=0)) < 5 * error).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_that_of_all_slates(setting, kind):
    policy, value, error = setting.policy(kind, "target"), *setting.truth(kind, 0)
    slates = np.array(list(permutations(range(5), policy.ranks)))
    total = 0.0
    for context in range(60):
        rows = np.full(len(slates), context)
        chance = of_items(policy.choices(rows, slates), slates).prod(axis=1)
        total += chance @ setting.expected(rows, slates).sum(axis=1) / 60
    assert value == pytest.approx(total, abs=max(5 * error, 1e-12))
    assert (error == 0) == (kind == "actions")


def test_the_model_of_a_half_is_judged_by_the_other():
    random = np.random.Generator(np.random.Philox(6))
    context, item = random.normal(size=(4000, 2)), random.integers(3, size=4000)
    reward = context[:, 0] * (item == 1) + item
    chances = np.tile([0.2, 0.3, 0.5], (4000, 1))
    predicted, expected = predictions(context, item, reward, chances)
    np.testing.assert_allclose(predicted, reward, atol=0.1)
    np.testing.assert_allclose(expected, 0.3 * context[:, 0] + 1.3, atol=0.1)
    noise = random.normal(size=4000)
    alone, _ = predictions(context, item, noise, chances)
    assert abs(np.corrcoef(alone, noise)[0, 1]) < 5 / np.sqrt(4000)  # no round has seen its own reward


def job(setting, kind, **options):
    given = {"setting": setting, "kind": kind, "logging": "uniform", "rounds": 300, "replications": 6, "seed": 0}
    given |= {"estimators": estimators_for(kind, [1, 0.8]), "examination": (1, 0.8)}
    return StudyJob(**given | options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_what_policy_values_says_of_each_log(setting, kind):
    cell = job(setting, kind).run(lambda rounds: None, lambda: False)
    for number, rounds in enumerate(job(setting, kind).logs()):
        for way, interval in enumerate(("normal", "bootstrap", "bernstein")):
            found = policy_values(rounds, estimators_for(kind, [1, 0.8]), interval=interval)
            for place, value in enumerate(found.values()):
                assert value.objectives[0].mean == pytest.approx(cell.value[number, place])
                assert value.objectives[0].interval == pytest.approx(
                    (cell.low[number, place, way], cell.high[number, place, way])
                )
    assert {make_estimator(text).spec.kind for text in estimators_for(kind, [1, 0.8])} == {rounds.kind}
    assert job(setting, kind).run(lambda rounds: None, lambda: True) is None


def test_errors_of_unbiased_estimators_are_within_chance(setting):
    truth, _ = setting.truth("actions", 0)
    names = ("ipw", "snipw", "dr", "sndr")
    cell = job(setting, "actions", replications=100, estimators=names).run(lambda rounds: None, lambda: False)
    for found in cell.value.T:
        assert found.mean() == pytest.approx(truth, abs=4.5 * found.std() / np.sqrt(100))


def test_advice_follows_from_the_numbers():
    def cell(kind, size, **errors):
        found = {
            name.replace("_", "-"): {
                "rmse": rmse,
                "bias": 0.0,
                "coverage": {"normal": coverage},
                "fails": failing(rmse, coverage, 200),
            }
            for name, (rmse, coverage) in errors.items()
        }
        return {"kind": kind, "logging": "near", "rounds": 1000, "replications": 200, "effective_size": size, "estimators": found}

    said = advice([cell("actions", 2000, ipw=(0.04, 0.95), dm=(0.02, 0.1)), cell("actions", 50, ipw=(0.5, 0.7), dm=(0.25, 0.0))])
    assert said[0].startswith("For single actions use dm: over the 2 logs its error is 1.00 times that of the best")
    assert said[1].startswith("If the interval matters, use ipw: it covers in 1 of 2 logs, with an error 2.00 times as large.")
    assert "if the log is near with 1,000 rounds (effective sample sizes of up to 50)" in said[2]
    assert said[3:] == [
        "If the effective sample size is below 1,000, normal 95 % intervals of ipw cover 70 to 70 %.",
        "If the effective sample size is 1,000 or more, normal 95 % intervals of ipw cover 95 to 95 %.",
    ]
    assert failing(0.1, 0.91, 200) == ""  # not below 93 % beyond chance
    assert failing(0.1, 0.91, 5000) == "coverage"
    assert failing(None, 0.95, 200) == failing(0.21, 0.95, 200) == "error"
    assert [short(text) for text in ("dr", "ipw:clip=auto", "sips:self_normalised=true", "position-based:examination=1,0.5")] == [
        "dr",
        "ipw, clipped",
        "sips, self-normalised",
        "position-based",
    ]


def test_the_command_writes_the_same_numbers_again_and_takes_up_what_is_done(tmp_path):
    def study(out, *more, code=0):
        words = [
            "estimators",
            "--world",
            SMALL,
            "--items",
            5,
            "--size",
            60,
            "--replications",
            2,
            *FAR,
            "--out",
            tmp_path / out,
            *more,
        ]
        done = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
        assert done.exit_code == code, done.output
        return done

    printed = study("one", "--processes", 1).stdout
    assert "For single actions use" in printed
    first = json.loads((tmp_path / "one/estimators.json").read_text())
    assert [(cell["kind"], cell["logging"]) for cell in first["cells"]] == [
        (kind, name) for kind in KINDS for name in ("near", "opposite")
    ]
    assert first["status"] == "finished"
    text = (tmp_path / "one/estimators.html").read_text()
    assert text == page(json.loads((tmp_path / "one/estimators.json").read_text()))
    assert "subgaussian-dr" in text
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "one/runs").iterdir()}
    assert len(kept) == 6
    study("one", "--processes", 1)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "one/runs").iterdir()} == kept
    found = study_estimators(SMALL, items=5, sizes=[60], replications=2, logging=FAR[1::2], processes=1)
    assert json.loads(json.dumps(found["cells"])) == first["cells"]
    other = json.loads((tmp_path / "one/estimators.json").read_text())
    assert other["cells"] == first["cells"]
    for words, said in (
        (("--size", "5"), "sizes is [60, 5]: expected whole numbers of rounds from 10 to 10,000,000"),
        (("--size", "many"), "--size is 'many': expected a whole number"),
        (("--kind", "pages"), "kinds is ['pages']: expected some of actions, slates, product"),
        (("--items", "15"), "items is 15: expected a whole number from 2 to 14"),
    ):
        assert said in study("two", *words, code=2).stderr


def test_plans_refuse_what_has_no_truth():
    with pytest.raises(ValueError, match="items is 13: expected at most 12, the items of ShopBandit-v0"):
        plan_study(SMALL, items=13)
    with pytest.raises(ValueError, match="and the study of estimators needs a world that does not change"):
        plan_study(make_world("Shop-v0", items=12, categories=3, slate_size=2, change_at=10))
    with pytest.raises(ValueError, match=r"sizes is \[\]"):
        plan_study(SMALL, sizes=())


@pytest.mark.slow
@pytest.mark.parametrize(("logging", "rounds"), [("near", 2000), ("uniform", 8000), ("uniform", 16_000)])
def test_nominal_95_percent_covers_93_to_97(logging, rounds):
    """A thousand logs of a shop with effective sample sizes of at least 1,000."""
    names = ("ipw", "snipw", "dr")
    whole = Setting.of(make_world("ShopBandit-v0"), 10, 0)
    truth, _ = whole.truth("actions", 0)
    asked = job(whole, "actions", logging=logging, rounds=rounds, replications=1000, estimators=names)
    cell = asked.run(lambda rounds: None, lambda: False)
    assert cell.weights.min() >= 1000
    covered = ((cell.low <= truth) & (truth <= cell.high)).mean(axis=0)
    assert (covered[:, :2] >= 0.93).all()
    assert (covered[:, :2] <= 0.97).all()
    assert (covered[:, 2] >= 0.95).all()
