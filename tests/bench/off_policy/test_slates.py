"""Estimators of slates: exact expectations by enumeration of all slates and clicks, for the click models that they suppose."""

from itertools import permutations, product

import numpy as np
import pytest

from slategym.bench.off_policy.rounds import Slates
from slategym.bench.off_policy.slates import cascade_dr, iips, position_based, pseudo_inverse, rips, sips

RANDOM = np.random.Generator(np.random.Philox(11))
ITEMS, RANKS = 4, 3
EXAMINATION = np.array([1, 0.6, 0.3])
ATTRACTION = np.array([0.2, 0.5, 0.7, 0.9])


def plackett_luce(scores):
    """Every slate, the probability of each choice given those above, and of each shown item at each rank."""
    slates = np.array(list(permutations(range(ITEMS), RANKS)))
    chosen = np.empty(slates.shape)
    for row, slate in enumerate(slates):
        left = np.exp(scores)
        for rank, item in enumerate(slate):
            chosen[row, rank] = np.exp(scores[item]) / left.sum()
            left[item] = 0
    whole = chosen.prod(axis=1)
    place = np.zeros((RANKS, ITEMS))
    for slate, chance in zip(slates, whole, strict=True):
        place[np.arange(RANKS), slate] += chance
    return slates, chosen, whole, np.moveaxis(place[:, slates], 0, 2)


SLATES, BEHAVIOUR, CHANCE, PLACES_B = plackett_luce(np.array([0.0, 0.5, -0.5, 0.3]))
_, TARGET, TARGET_CHANCE, PLACES_T = plackett_luce(np.array([0.6, -0.3, 0.9, 0.0]))
PATTERNS = np.array(list(product((0, 1), repeat=RANKS)))


def pbm(slate):
    """The probability of each pattern of clicks under position bias."""
    click = EXAMINATION * ATTRACTION[slate]
    return np.where(PATTERNS == 1, click, 1 - click).prod(axis=1)


def dependent_cascade(slate):
    """Clicks depend on the items and clicks above."""
    found = []
    for pattern in PATTERNS:
        chance, seen = 1.0, 0.0
        for rank, clicked in enumerate(pattern):
            click = ATTRACTION[slate[rank]] * 0.7**seen * (0.5 if rank and slate[rank] > slate[rank - 1] else 1)
            chance *= click if clicked else 1 - click
            seen += clicked + 0.3 * ATTRACTION[slate[rank]]
        found.append(chance)
    return np.array(found)


def whole_slate(slate):
    """Clicks depend on the items below, too."""
    click = ATTRACTION[slate] * (0.4 + 0.6 * (slate[-1] == 2))
    return np.where(PATTERNS == 1, click, 1 - click).prod(axis=1)


def outcomes(model, chance=CHANCE):
    """Rows of all slates and patterns of clicks: their probability, the row of the slate, and the clicks."""
    row, pattern = (each.ravel() for each in np.indices((len(SLATES), len(PATTERNS))))
    clicks = np.array([model(slate) for slate in SLATES])
    return chance[row] * clicks[row, pattern], row, PATTERNS[pattern].astype(float)


def truth(model):
    chance, _, clicks = outcomes(model, TARGET_CHANCE)
    return chance @ clicks.sum(axis=1)


def expectation(terms, chance):
    assert terms.bottom is None
    return np.einsum("n,ngm->m", chance, terms.top)[0]


def test_each_expects_the_truth_under_its_click_model_and_not_beyond():
    unbiased = {
        "sips": (pbm, dependent_cascade, whole_slate),
        "rips": (pbm, dependent_cascade),
        "cascade_dr": (pbm, dependent_cascade),
        "iips": (pbm,),
        "position_based": (pbm,),
    }
    predicted = RANDOM.random((len(SLATES), RANKS))
    # What a model expects below the logged items above: of a function of the slate down to the rank, as it must be.
    table = {slate: RANDOM.random() for count in range(1, RANKS + 1) for slate in permutations(range(ITEMS), count)}
    scores = np.exp(np.array([0.6, -0.3, 0.9, 0.0]))
    predicted = np.array([[table[tuple(slate[: rank + 1])] for rank in range(RANKS)] for slate in SLATES])
    expected = np.empty_like(predicted)
    for row, slate in enumerate(SLATES):
        for rank in range(RANKS):
            left = [item for item in range(ITEMS) if item not in slate[:rank]]
            weights = scores[left] / scores[left].sum()
            expected[row, rank] = sum(w * table[(*slate[:rank], item)] for w, item in zip(weights, left, strict=True))
    diagonal_b, diagonal_t = (np.einsum("nkk->nk", places) for places in (PLACES_B, PLACES_T))
    for model in (pbm, dependent_cascade, whole_slate):
        chance, row, clicks = outcomes(model)
        found = {
            "sips": sips(clicks, BEHAVIOUR[row], TARGET[row]),
            "rips": rips(clicks, BEHAVIOUR[row], TARGET[row]),
            "cascade_dr": cascade_dr(clicks, BEHAVIOUR[row], TARGET[row], predicted[row], expected[row]),
            "iips": iips(clicks, diagonal_b[row], diagonal_t[row]),
            "position_based": position_based(clicks, PLACES_B[row], PLACES_T[row], examination=EXAMINATION),
        }
        for name, terms in found.items():
            error = abs(expectation(terms, chance) - truth(model))
            assert (error < 1e-12) == (model in unbiased[name]), (name, model, error)
        whole = sips(clicks, CHANCE[row], TARGET_CHANCE[row])
        assert expectation(whole, chance) == pytest.approx(truth(model), abs=1e-12)


def test_pseudo_inverse_expects_the_truth_of_additive_rewards_under_product_logging():
    """Ranks are drawn independently, with repeats; the target repeats nothing, so only its probabilities by rank count."""
    behaviour, target = RANDOM.dirichlet(np.ones(ITEMS), RANKS), RANDOM.dirichlet(np.ones(ITEMS), RANKS)
    slates = np.array(list(product(range(ITEMS), repeat=RANKS)))
    chance = behaviour[np.arange(RANKS), slates].prod(axis=1)
    effect = RANDOM.random((RANKS, ITEMS))
    reward = effect[np.arange(RANKS), slates].sum(axis=1)
    whole = np.zeros((len(slates), RANKS))
    whole[:, 0] = reward  # a reward of the slate, at any rank
    terms = pseudo_inverse(whole, behaviour[np.arange(RANKS), slates], target[np.arange(RANKS), slates])
    assert expectation(terms, chance) == pytest.approx((target * effect).sum(), abs=1e-12)
    scores = np.array([0.6, -0.3, 0.9, 0.0])
    _, _, _, places = plackett_luce(scores)
    by_rank = np.zeros((RANKS, ITEMS))
    for slate, row in zip(SLATES, places, strict=True):
        by_rank[np.arange(RANKS)[:, None], slate] = row.T
    terms = pseudo_inverse(whole, behaviour[np.arange(RANKS), slates], by_rank[np.arange(RANKS), slates])
    assert expectation(terms, chance) == pytest.approx((by_rank * effect).sum(), abs=1e-12)
    dependent = np.where(slates[:, 0] == slates[:, 1], 2.0, 0.5)  # not a sum over ranks
    whole[:, 0] = dependent
    terms = pseudo_inverse(whole, behaviour[np.arange(RANKS), slates], target[np.arange(RANKS), slates])
    assert expectation(terms, chance) != pytest.approx(
        (target[np.arange(RANKS), slates].prod(axis=1) * dependent).sum(), abs=1e-3
    )


def test_identities():
    chance, row, clicks = outcomes(dependent_cascade)
    given = (clicks, BEHAVIOUR[row], TARGET[row])
    zero = np.zeros_like(clicks)
    np.testing.assert_allclose(cascade_dr(*given, zero, zero).value, rips(*given).value)
    one = [each[:, :1] for each in given]
    np.testing.assert_allclose(rips(*one).value, sips(*one).value)
    np.testing.assert_allclose(iips(*one).value, sips(*one).value)
    np.testing.assert_allclose(pseudo_inverse(*one).value, sips(*one).value)
    on_policy = (clicks, BEHAVIOUR[row], BEHAVIOUR[row])
    for estimator in (sips, rips, iips, pseudo_inverse):
        for self_normalised in (False, True):
            terms = estimator(*on_policy, self_normalised=self_normalised)
            assert terms.value[0] == pytest.approx(clicks.sum(axis=1).mean())
    ratios = [
        np.einsum("n,ngm->gm", chance, terms.top)[:, 0] / np.einsum("n,ng->g", chance, terms.bottom)
        for terms in (sips(*given, self_normalised=True), rips(*given, self_normalised=True))
    ]
    for each in ratios:
        assert each.sum() == pytest.approx(truth(dependent_cascade), abs=1e-12)


def test_shorter_slates_count_as_what_they_hold():
    random = np.random.Generator(np.random.Philox(3))
    shown = np.array([[True, True, True], [True, False, False], [True, True, False]])
    behaviour, target = random.uniform(0.1, 1, (2, 3, 3))
    reward = random.random((3, 3))
    rounds = Slates(reward, behaviour, target, shown=shown, independent=True)
    short = [(reward[row, :count], behaviour[row, :count], target[row, :count]) for row, count in enumerate((3, 1, 2))]
    for estimator, names in ((sips, ()), (rips, ()), (iips, ("marginal",)), (pseudo_inverse, ("product",))):
        kind = f"{names[0]}_" if names else ""
        whole = estimator(rounds.reward, rounds.array(f"{kind}behaviour"), rounds.array(f"{kind}target")).top[:, 0, 0]
        alone = [estimator(*(each[None] for each in one)).value[0] for one in short]
        np.testing.assert_allclose(whole, alone)


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"examination is .*: expected 3 numbers from 0, one per rank, not all 0"):
        position_based(np.zeros((24, 3)), PLACES_B, PLACES_T, examination=[1, 0])
    with pytest.raises(ValueError, match=r"expected \(n, k, k\) for both"):
        position_based(np.zeros((24, 3)), BEHAVIOUR, TARGET)
    with pytest.raises(ValueError, match="reward has 5 slates: expected 24"):
        sips(np.zeros((5, 3)), BEHAVIOUR, TARGET)
    with pytest.raises(ValueError, match=r"reward has shape \(24,\)"):
        rips(np.zeros(24), BEHAVIOUR, TARGET)
