"""SARDINE's worlds: clicks and boredom by hand, and beside the original where it is installed."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy import stats
from tests.sim.worlds.play import greedy, play, random_slates

from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.sardine.model import SardineModel
from slategym.sim.worlds.sardine.world import item_vectors

BORED, INFLUENCED = "SardineSlateTopKBored-v0", "SardineSlateTopKBoredInfluenced-v0"
SURE = 1e-3  # a p-value that equal distributions seldom have


def clicks_on(world, topic, count):
    """A slate of items of a topic, and clicks on the first of them."""
    items = np.flatnonzero(world.catalog.category == topic)[: world.slate_size]
    return items[None], Feedback.of([[rank < count for rank in range(world.slate_size)]])


def test_items_and_users_have_as_many_topics_as_said():
    vectors = item_vectors(5000, 10, 0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    assert set((vectors > 0).sum(axis=1)) == {2, 3}
    interests = Simulation(make_world(BORED), 0, 5000).shoppers.interests
    np.testing.assert_allclose(np.linalg.norm(interests, axis=1), 1, rtol=1e-5)
    counts = np.bincount((interests > 0).sum(axis=1), minlength=6)[3:6]
    theirs = stats.binom.pmf([3, 4, 5], 10, 0.4)
    assert stats.chisquare(counts, 5000 * theirs / theirs.sum()).pvalue > SURE


def test_clicks_by_rank_by_hand():
    world = make_world(BORED)
    shoppers = Simulation(world, 0, 1).shoppers
    slate = np.arange(10)[None]
    fit = world.catalog.taste[:10].astype(np.float64) @ shoppers.interests[0].astype(np.float64)
    expected = 0.85 ** np.arange(10) / (1 + np.exp(-100 * (fit - 0.65)))
    np.testing.assert_allclose(world.probabilities(shoppers, slate)[0], expected[None], rtol=1e-3, atol=1e-12)


def test_boredom_by_hand():
    world = make_world(BORED, history_days=0)
    simulation = Simulation(world, 0, 1)
    shoppers, model, draws = simulation.shoppers, world.user_model, simulation.draws

    def step(topic, count):
        slate, answer = clicks_on(world, topic, count)
        model.evolve(shoppers, world.catalog, slate, answer, draws)
        return shoppers.boredom[0].tolist()

    assert not any(step(2, 4))
    assert not any(step(3, 4))
    assert step(2, 1) == [0, 0, 5, 0, 0, 0, 0, 0, 0, 0]  # five clicks within five steps
    np.testing.assert_array_equal(model.present_interests(shoppers), 0)
    np.testing.assert_allclose(model.context(shoppers)[0], [0, 0, 1, 0.8, 0, 0, 0, 0, 0, 0])
    # It lasts for five steps, in which nothing is clicked; the clicks are forgotten meanwhile.
    assert [step(0, 0)[2] for _ in range(5)] == [4, 3, 2, 1, 0]
    np.testing.assert_array_equal(model.present_interests(shoppers), shoppers.interests)
    assert not model.context(shoppers).any()


def test_ten_clicks_are_remembered():
    world = make_world(BORED, history_days=0)
    simulation = Simulation(world, 0, 1)
    shoppers, model = simulation.shoppers, world.user_model
    for topic, count in ((1, 4), (2, 4), (3, 4), (1, 1)):
        slate, answer = clicks_on(world, topic, count)
        model.evolve(shoppers, world.catalog, slate, answer, simulation.draws)
    # Four clicks on topic 1 stand before ten others but one: the oldest three are pushed out.
    assert np.bincount(shoppers.clicked_topic[0][shoppers.clicked_topic[0] >= 0]).tolist() == [0, 2, 4, 4]
    assert not shoppers.boredom.any()


def test_topics_may_bore_alone():
    world = make_world(BORED, user_model=SardineModel(topics_alone=True), history_days=0)
    shoppers = Simulation(world, 0, 5).shoppers
    shoppers.state["boredom"][:, 4] = 3
    present = world.user_model.present_interests(shoppers)
    assert (present[:, 4] == 0).all()
    np.testing.assert_array_equal(np.delete(present, 4, axis=1), np.delete(shoppers.interests, 4, axis=1))


@pytest.mark.parametrize("variant", ["code", "paper"])
def test_influence_by_hand(variant):
    world = make_world(INFLUENCED, variant=variant, history_days=0)
    simulation = Simulation(world, 0, 1)
    before = simulation.shoppers.interests[0].astype(np.float64)
    slate, answer = clicks_on(world, 2, 3)
    world.user_model.evolve(simulation.shoppers, world.catalog, slate, answer, simulation.draws)
    mean = world.catalog.taste[slate[0, :3]].mean(axis=0 if variant == "paper" else None)
    moved = 0.95 * before + 0.05 * mean
    np.testing.assert_allclose(simulation.shoppers.interests[0], moved / np.linalg.norm(moved), rtol=1e-5)


def test_greedy_slates_bore():
    """The oracle of single visits is no ceiling: slates for the second and third favourite topics earn more."""
    static, bored = (play(make_world(name), 300, greedy)[1].mean() for name in ("SardineSlateTopKStatic-v0", BORED))
    assert bored < 0.5 * static


def test_vectors_of_ones_own(tmp_path):
    np.save(tmp_path / "items.npy", 3 * item_vectors(40, 5, 1))
    world = make_world(BORED, embeddings=str(tmp_path / "items.npy"))
    assert (world.catalog.size, world.catalog.taste.shape[1]) == (40, 5)
    assert np.linalg.norm(world.catalog.taste, axis=1).max() == pytest.approx(1)
    with pytest.raises(ValueError, match=r"items is 50 and embeddings .*: omit items, which the file determines"):
        make_world(BORED, items=50, embeddings=str(tmp_path / "items.npy"))
    np.save(tmp_path / "bad.npy", np.arange(4))
    with pytest.raises(ValueError, match=r"holds int64 \(4,\): expected floats \(items, topics\)"):
        make_world(BORED, embeddings=str(tmp_path / "bad.npy"))
    with pytest.raises(ValueError, match=r"embeddings is 'none.npy': expected a file of floats written by numpy.save"):
        make_world(BORED, embeddings="none.npy")


# Beside the original


class Original:
    """A world of SARDINE's own, and what its users do under a policy."""

    def __init__(self, name):
        import gymnasium
        import sardine.consts

        self.env = gymnasium.make(f"sardine/{name}", disable_env_checker=True).unwrapped
        self.embeddings = f"{sardine.consts.DATA_REC_SIM_EMBEDDS}/item_embeddings_focused_small.npy"

    def play(self, users, policy, seed=0):
        """Returns (u,), clicks by rank (k,), and the share of steps in which somebody is bored (u,)."""
        random = np.random.default_rng(seed)
        self.env.reset(seed=seed)
        k = self.env.slate_size
        returns, clicks, bored = np.zeros(users), np.zeros(k), np.zeros(users)
        for user in range(users):
            self.env.reset()
            over, steps = False, 0
            while not over:
                bored[user] += self.env.bored.any()
                slate = random.permutation(self.env.num_items)[:k] if policy == "random" else np.full(k, -1)
                _, reward, over, _, info = self.env.step(slate)
                returns[user] += reward
                clicks += info["clicks"]
                steps += 1
            bored[user] /= steps
        return returns, clicks / clicks.sum(), bored


def ours(name, embeddings, users, policy):
    world = make_world(name, embeddings=embeddings)
    simulation = Simulation(world, 5, users)
    returns, clicks, bored = np.zeros(users), np.zeros(world.slate_size), np.zeros(users)
    for _ in range(world.visits):
        bored += (simulation.shoppers.boredom > 0).any(axis=1)
        feedback = simulation.show((random_slates if policy == "random" else greedy)(world, simulation))
        returns += feedback.objectives[:, 0]
        clicks += feedback.clicks.sum(axis=0)
    return returns, clicks / clicks.sum(), bored / world.visits


@pytest.mark.quick("*-random")
@pytest.mark.skipif(find_spec("sardine") is None, reason="sardine-rec comes with pip install 'slategym[peers]'")
@pytest.mark.parametrize("policy", ["random", "greedy"])
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("SardineSingleItemStatic-v0", "SingleItem-Static-v0"),
        pytest.param(INFLUENCED, "SlateTopK-BoredInf-v0", marks=pytest.mark.slow),
        pytest.param("SardineSingleItemBoredInfluenced-v0", "SingleItem-BoredInf-v0", marks=pytest.mark.slow),
        pytest.param(BORED, "SlateTopK-Bored-v0", marks=pytest.mark.slow),
        pytest.param("SardineSlateTopKUncertain-v0", "SlateTopK-Uncertain-v0", marks=pytest.mark.slow),
    ],
)
def test_as_the_original(name, theirs, policy):
    """Returns and boredom by the test of Kolmogorov and Smirnov, and the share of each rank in the clicks."""
    original, users = Original(theirs), 60
    their_returns, their_clicks, their_boredom = original.play(users, policy)
    our_returns, our_clicks, our_boredom = ours(name, original.embeddings, 600, policy)
    assert stats.ks_2samp(their_returns, our_returns).pvalue > SURE
    assert stats.ks_2samp(their_boredom, our_boredom).pvalue > SURE
    error = np.sqrt(their_clicks * (1 - their_clicks) / max(their_returns.sum(), 1)) * 3 + 0.01  # clicks of a user go together
    assert (abs(their_clicks - our_clicks) < 4.5 * error).all()
