"""Click models: each is found in its own log, with its parameters; chances below a click are those of the model."""

import numpy as np
import pytest
from tests.bench.fitting import made

from slategym.bench.fitting.clicking import MODELS, choose_click_model, compare_click_models, fit_clicks, fitting_models
from slategym.sim.click_models import Cascade, DependentClick, PositionBased, UserBrowsing

TRUE = {
    "position-based": PositionBased([1.0, 0.7, 0.5, 0.3]),
    "cascade": Cascade(),
    "dependent-click": DependentClick([0.7, 0.6, 0.5, 0.5]),
    "user-browsing": UserBrowsing.geometric(4, 0.9, 0.5),
}


@pytest.fixture(scope="module", params=TRUE)
def log(request):
    random = np.random.default_rng(0)
    effects = made.drawn(random, 20, level=-1.0)
    return request.param, effects, made.shown(random, effects, TRUE[request.param], 12_000)


def parts(shown):
    held = np.arange(shown.slates) % 5 == 4
    return shown.of_slates(~held), shown.of_slates(held)


def test_held_out_likelihood_finds_the_click_model(log):
    name, _, shown = log
    compared = compare_click_models(*parts(shown))
    assert choose_click_model(compared) == name
    for other, found in compared.items():
        nested = name == "position-based" and other == "user-browsing"  # of which it is a case
        assert other == name or nested or found["below_best"] > 2 * found["error"]


def test_the_parameters_of_the_click_model_come_back(log):
    name, _, shown = log
    fitted = fit_clicks(shown, name)
    content, ends = fitted.to_json()
    assert content["name"] == name
    for key, truth in (("examination", "examination"), ("continuation", "continuation")):
        if key in content:
            true = getattr(TRUE[name], truth)
            some = np.tril(np.ones((4, 4), bool)) if true.ndim == 2 else np.arange(4) < (3 if key == "continuation" else 4)
            width = (ends[key][..., 1] - ends[key][..., 0])[some]
            assert (np.abs(content[key] - true)[some] <= width + 0.01).all()  # four standard errors
            assert (ends[key][..., 0] <= content[key]).all()


def test_the_likelihood_is_that_of_the_model(log):
    """The chain of chances gives the marginal click rates that the click model itself states."""
    name, _, shown = log
    fitted = fit_clicks(shown, name)
    content, _ = fitted.to_json()
    model = {
        "position-based": lambda: PositionBased(content["examination"]),
        "cascade": Cascade,
        "dependent-click": lambda: DependentClick(content["continuation"]),
        "user-browsing": lambda: UserBrowsing(content["examination"]),
    }[name]()
    attraction = fitted._attraction(shown).reshape(-1, 4)
    expected = model.click_probability(attraction).mean(axis=0)
    clicks = shown.click.reshape(-1, 4).mean(axis=0)
    np.testing.assert_allclose(expected, clicks, rtol=0.06)
    assert np.isfinite(fitted.log_likelihood(shown)).all()


def test_only_click_models_that_the_log_can_be_of_are_compared():
    random = np.random.default_rng(1)
    effects = made.drawn(random, 10)
    one = made.shown(random, effects, PositionBased([1.0]), 100, 1)
    assert fitting_models(one, one) == ["none"]
    single = made.shown(random, effects, Cascade(), 300)
    assert fitting_models(single, single) == ["none", "cascade", "position-based"]
    apart = made.Shown(
        np.arange(1200), *(getattr(single, each) for each in ("rank", "item", "cell", "click")), made.CELLS, (3, 2), 10, 4
    )
    assert fitting_models(apart, apart) == ["none", "position-based"]
    assert set(fitting_models(*[made.shown(random, effects, TRUE["user-browsing"], 2000)] * 2)) == set(MODELS) - {"cascade"}
