"""Scalarizers by their text."""

import numpy as np
import pytest

from slategym.agents.scalarizers import (
    AugmentedChebyshev,
    GeneralisedGini,
    HypervolumeScalarizer,
    Lagrangian,
    NashWelfare,
    Reference,
    Schedule,
    SmoothChebyshev,
    make_scalarizer,
)
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench import run
from slategym.bench.comparison.metrics import summary
from slategym.sim import make_world

TWO, THREE = ("click", "conversion"), ("click", "conversion", "profit")
REFERENCE = Reference([1.5, 0.16], [0.2, 0.01])


def test_every_name_gives_its_kind():
    kinds = {
        "fixed": FixedSum,
        "fixed:weights=1,10": FixedSum,
        "nash": NashWelfare,
        "chebyshev": SmoothChebyshev,
        "augmented-chebyshev": AugmentedChebyshev,
        "lagrangian:click>=0.3": Lagrangian,
        "gini": GeneralisedGini,
        "hypervolume": HypervolumeScalarizer,
        "schedule:0=fixed:weights=1,1;1000=nash": Schedule,
    }
    for text, kind in kinds.items():
        made = make_scalarizer(text, TWO, REFERENCE)
        assert type(made) is kind
        assert made.weights(np.array([0.5, 0.05])).shape == (2,)


def test_what_the_text_leaves_open_comes_from_the_reference():
    nash, goal = make_scalarizer("nash", TWO, REFERENCE), make_scalarizer("chebyshev", TWO, REFERENCE)
    assert nash.disagreement.tolist() == [0.2, 0.01]
    assert not nash.estimated
    assert goal.utopia.tolist() == [1.5, 0.16]
    np.testing.assert_allclose(goal.importance, [1 / 1.3, 1 / 0.15])
    assert make_scalarizer("nash", TWO).estimated
    np.testing.assert_allclose(make_scalarizer("gini", TWO, REFERENCE).scale, [1 / 1.3, 1 / 0.15])
    np.testing.assert_allclose(make_scalarizer("hypervolume", TWO, REFERENCE).scale, [1.3, 0.15])
    np.testing.assert_allclose(make_scalarizer("lagrangian:click>=1", TWO, REFERENCE).scale, [1.3, 0.15])


def test_options():
    nash = make_scalarizer("nash:bargaining=1,2,disagreement=0.1,0", TWO, REFERENCE)
    assert (nash.bargaining.tolist(), nash.disagreement.tolist()) == ([1, 2], [0.1, 0])
    goal = make_scalarizer("chebyshev:utopia=2,1,smoothness=0.05", TWO)
    assert (goal.utopia.tolist(), goal.importance.tolist(), goal.smoothness) == ([2, 1], [0.5, 1], 0.05)
    assert make_scalarizer("augmented-chebyshev:augmentation=0.2", TWO, REFERENCE).augmentation == 0.2
    assert make_scalarizer("augmented-chebyshev:importance=1,7", TWO, REFERENCE).importance.tolist() == [1, 7]
    assert make_scalarizer("gini:shares=1,0.2", TWO).shares.tolist() == [1, 0.2]
    assert make_scalarizer("gini", THREE).shares.tolist() == [1, 0.5, 0.25]
    assert make_scalarizer("hypervolume:steps=20,reference=0,0", TWO).steps == 20
    assert make_scalarizer("fixed", THREE).weights([0, 0, 0]).tolist() == [1, 10, 1]
    assert make_scalarizer("schedule:0=fixed", ("click", "calm"), weights=(1, 3)).weights([0, 0]).tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"'calm' is a custom objective; .* default weight: pass weights=world"):
        make_scalarizer("fixed", ("click", "calm"))


def test_constraints_name_their_objectives():
    other = make_scalarizer("lagrangian:click>=0.3", TWO)
    assert (other.objective, other.number.tolist(), other.bound.tolist(), other.sign.tolist()) == (1, [0], [0.3], [1])
    named = make_scalarizer("lagrangian: click >= 0.3, conversion<=0.1, rate=2, maximize=profit", THREE)
    assert (named.objective, named.number.tolist(), named.bound.tolist()) == (2, [0, 1], [0.3, 0.1])
    assert named.sign.tolist() == [1, -1]
    assert named.rate == 2
    both = make_scalarizer("lagrangian:click<=1,conversion>=0.1,maximize=click", TWO)
    assert both.objective == 0


def test_a_schedule_takes_numbers_as_people_write_them():
    assert [start for start, _ in make_scalarizer("schedule:0=fixed:weights=1,1; 1e5=fixed:weights=0,1", TWO).parts] == [
        0,
        100_000,
    ]


def test_a_schedule_holds_its_parts():
    schedule = make_scalarizer("schedule:0=fixed:weights=1,1;100_000=nash:bargaining=1,3", TWO, REFERENCE)
    assert [start for start, _ in schedule.parts] == [0, 100_000]
    assert isinstance(schedule.at(99_999), FixedSum)
    assert schedule.at(100_000).bargaining.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nahs", "no scalarizer 'nahs'. Did you mean 'nash'"),
        ("fixed:weights=1", "weights has 1 numbers: expected a number for each of click, conversion, 2 in all"),
        ("fixed:weights=1,x", "weights=1,x: expected finite numbers separated by commas, but 'x' is not one"),
        ("nash:bargain=1,2", "no option 'bargain'. Did you mean 'bargaining'"),
        ("nash:1,2", "expected options as name=value, such as nash:name=value"),
        ("nash:bargaining=0,1", "expected numbers above 0"),
        ("chebyshev", "expected the utopia, the best values of click and conversion alone"),
        ("chebyshev:utopia=1,1,smoothness=1,2", "smoothness=1,2: expected a finite number; 0.1 is the default"),
        ("lagrangian", "there is no constraint: expected floors or ceilings on click, conversion, such as click>=0.3"),
        ("lagrangian:clicks>=0.3", "no objective 'clicks'. Did you mean 'click'"),
        ("lagrangian:click>0.3", "'click>0.3' is not a constraint"),
        ("lagrangian:click>=much", "'much' in 'click>=much': expected a finite number"),
        ("lagrangian:click>=0.3,conversion>=0.1", "without a bound are none: choose one, such as maximize=conversion"),
        ("schedule:1.5=nash", "expected the slates from which it applies, and a scalarizer, such as 100000=nash"),
        ("schedule:-1=nash", "expected the slates from which it applies, and a scalarizer, such as 100000=nash"),
        ("hypervolume:steps=1.5", "steps=1.5: expected a whole number"),
        ("schedule:nash", "expected options as name=value, such as schedule:name=value"),
        ("schedule:10=nash", "expected 0 for the first"),
        ("schedule", "there are no parts"),
        ("schedule:0=schedule:0=nash", "a schedule cannot contain a schedule"),
    ],
)
def test_mistakes_say_what_was_expected(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        make_scalarizer(text, TWO)
    assert "scalarizer" in str(caught.value)


def test_a_reference_or_a_bound_too_few_is_told():
    with pytest.raises(ValueError, match="reference has 2 objectives: expected 3"):
        make_scalarizer("nash", THREE, REFERENCE)
    with pytest.raises(ValueError, match="conversion, profit: choose one, such as maximize=profit"):
        make_scalarizer("lagrangian:click>=0.3", THREE)


@pytest.mark.parametrize("name", ["nash", "chebyshev", "augmented-chebyshev", "gini", "hypervolume", "schedule:0=nash"])
def test_an_objective_without_anything_to_gain_is_refused_where_gains_are_balanced(name):
    stays = Reference([2.0, 1.0], [0.5, 1.0])
    with pytest.raises(
        ValueError, match="retention cannot be improved: it is 1 for the best slates and 1 for random ones; leave it"
    ):
        make_scalarizer(name, ("click", "retention"), stays)
    assert make_scalarizer("fixed:weights=1,2", ("click", "retention"), stays).weights([0, 0]).tolist() == [1, 2]
    assert stays.range.tolist() == [1.5, 1]


MY_GOALS = """
import numpy as np
from slategym import FixedSum, Scalarizer


class Cautious(Scalarizer):
    # The logarithm of each objective, shifted: falling returns.
    def __init__(self, objective_names, shift=0.1):
        self.objective_names, self.shift = objective_names, shift

    def weights(self, value):
        return 1 / (np.asarray(value, np.float64) + self.shift)

    def utility(self, value):
        return float(np.log(np.asarray(value, np.float64) + self.shift).sum())


def doubled(weights):
    return FixedSum(2 * np.asarray(weights))


def greedy(appetite):
    return FixedSum([appetite, 1])


def nothing():
    return 3


number = 3
"""


@pytest.fixture
def my_goals(tmp_path):
    path = tmp_path / "my_goals.py"
    path.write_text(MY_GOALS)
    return path


def test_a_custom_scalarizer_is_given_what_its_parameters_name(my_goals):
    made = make_scalarizer(f"{my_goals}:Cautious", TWO, REFERENCE)
    assert made.objective_names == TWO
    np.testing.assert_allclose(made.weights([0.4, 0.1]), [2, 5])
    np.testing.assert_array_equal(make_scalarizer(f"{my_goals}:doubled", TWO, weights=(1, 3)).weights([0, 0]), [2, 6])


def test_a_run_reaches_the_optimum_of_a_custom_utility(my_goals):
    world = make_world("ShopBandit-v0", items=20, categories=4)
    trace = run(world, "oracle", 20_000, shoppers=500, seed=1, scalarizer=f"{my_goals}:Cautious")
    found = summary(trace, world.weights, world.plurals)
    assert abs(found["regret_per_slate"]) < 0.01  # in utility, a logarithm: within 1 % of the exact best mixture


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "greedy",
            "cannot be created .*appetite.*: its parameters may be objective_names, reference, seed, weights, and its own",
        ),
        ("nothing", "my_goals.py:nothing returns a int: expected a slategym.Scalarizer"),
        ("number", "my_goals.py:number is a int: expected a class, or a function that returns"),
        ("Cautios", "no scalarizer in .*my_goals.py 'Cautios'. Did you mean 'Cautious'"),
    ],
)
def test_mistakes_of_a_custom_scalarizer_are_named(my_goals, name, message):
    with pytest.raises(ValueError, match=message):
        make_scalarizer(f"{my_goals}:{name}", TWO)


def test_a_custom_scalarizer_takes_options(my_goals):
    made = make_scalarizer(f"{my_goals}:Cautious:shift=0.6", TWO, REFERENCE)
    np.testing.assert_allclose(made.weights([0.4, 0.4]), [1, 1])
    assert make_scalarizer(f"{my_goals}:greedy:appetite=3", TWO).weights([0, 0]).tolist() == [3, 1]
    with pytest.raises(ValueError, match=r"no option 'shfit'\. Did you mean 'shift'"):
        make_scalarizer(f"{my_goals}:Cautious:shfit=1", TWO)


def test_scalarizers_answer_for_themselves():
    """Nothing asks which scalarizer it is: constraints, parts and concavity are theirs to tell."""
    two = make_scalarizer("lagrangian:click>=0.5,profit<=0.8,maximize=conversion", THREE)
    assert two.constraints == ((0, 1.0, 0.5), (2, -1.0, 0.8))
    assert two.unconstrained.weights([0, 0, 0]).tolist() == [0, 1, 0]
    schedule = make_scalarizer("schedule:0=fixed;10=lagrangian:click>=0.5", TWO)
    assert [(start, len(part.constraints)) for start, part in schedule.parts] == [(0, 0), (10, 1)]
    nash = make_scalarizer("nash", TWO)
    assert (nash.parts, nash.now, nash.unconstrained, nash.constraints) == (((0, nash),), nash, nash, ())
    assert nash.constant_weights is None
    assert make_scalarizer("fixed:weights=1,3", TWO).constant_weights.tolist() == [1, 3]
    assert not make_scalarizer("hypervolume", TWO).is_concave
    nash.settle(REFERENCE)
    np.testing.assert_allclose(nash.disagreement, [0.1, 0.005], rtol=1e-6)
