"""What every vector environment of a world must keep, beyond what Gymnasium's and SB3's checkers look at.

Each check takes a world and a form, of scalar or vector rewards, and fails by an assertion. `CHECKS` holds them all.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import astuple, dataclass
from itertools import combinations

import numpy as np
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.world import World

ROWS = 64
SEED = 11


@dataclass(frozen=True)
class Form:
    """The environments with one form of reward."""

    single: type[SlateEnv]
    vector: type[SlateVectorEnv]
    is_vector: bool

    @property
    def __name__(self) -> str:
        return self.single.__name__


SCALAR = Form(SlateEnv, SlateVectorEnv, False)
MO = Form(MOSlateEnv, MOSlateVectorEnv, True)


def slates(world: World, rows: np.ndarray, step: int) -> np.ndarray:
    """(n, k) slates that depend on the row and the step alone; every third holds a repeat where there is room for one."""
    rank = np.arange(world.slate_size)
    chosen = (rows[:, None] * 7919 + step * 104729 + rank * 31) % world.choices
    if world.slate_size > 1:
        repeat = (rows + step) % 3 == 0
        chosen[repeat, -1] = chosen[repeat, 0]
    return chosen


def steps(world: World) -> int:
    """Enough for every row to see an episode end and another begin."""
    return world.visits + 2


def play(env, count: int, seed: int | None = SEED):
    """The answers to reset and to each step, in order; afterwards the environment stands where they left it."""
    world = env.unwrapped.world
    yield env.reset(seed=seed)
    for step in range(count):
        yield env.step(slates(world, env.unwrapped.rows, step))


def spoil(data) -> None:
    """Overwrite all that was returned."""
    if isinstance(data, dict | list | tuple):
        for each in data.values() if isinstance(data, dict) else data:
            spoil(each)
    elif isinstance(data, np.ndarray):
        if data.dtype == object:
            spoil(list(data))
            data[:] = None
        else:
            data[:] = ~data if data.dtype == bool else 77


def arrays_in(data) -> list[np.ndarray]:
    """All arrays of numbers in what was returned."""
    if isinstance(data, dict | list | tuple):
        return [array for each in (data.values() if isinstance(data, dict) else data) for array in arrays_in(each)]
    if isinstance(data, np.ndarray):
        return arrays_in(list(data)) if data.dtype == object else [data]
    return []


def assert_same(left, right, about: str = "") -> None:
    """Equal to the last bit, in type, shape and dtype."""
    assert data_equivalence(left, right, exact=True), f"{about}: {left} is not {right}"


def spaces_shapes_and_types(world: World, form: Form = SCALAR) -> None:
    env = form.vector(world, ROWS)
    n, k, m = ROWS, world.slate_size, len(world.objective_names)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.single_action_space.nvec.tolist() == [world.choices] * k
    assert env.action_space.shape == (n, k)
    assert env.single_observation_space.shape == (world.layout.size,)
    assert env.observation_space.shape == (n, world.layout.size)
    assert env.single_observation_space.dtype == env.observation_space.dtype == np.float32

    who = {"shopper": ((n,), np.int64), "visit": ((n,), np.int64)}
    answer = {
        "objectives": ((n, m), np.float32),
        "clicks": ((n, k), np.bool_),
        "conversions": ((n, k), np.bool_),
        "revenue": ((n, k), np.float32),
        **{f"behaviour:{behaviour.name}": ((n, k), np.float32) for behaviour in world.user_model.behaviours},
        **({"days_away": ((n,), np.int64)} if world.user_model.longest_absence else {}),
    }

    def info_holds(info, wanted, rows=None):
        assert set(info) - {"final_obs", "_final_obs", "final_info", "_final_info"} == {*wanted, *(f"_{key}" for key in wanted)}
        for key, (shape, dtype) in wanted.items():
            assert (info[key].shape, info[key].dtype) == (shape, dtype), key
            assert info[f"_{key}"].tolist() == (np.ones(n, bool) if rows is None else rows).tolist(), key

    observation, info = env.reset(seed=SEED)
    assert observation in env.observation_space
    info_holds(info, who)
    for step in range(steps(world)):
        observation, reward, terminated, truncated, info = env.step(slates(world, env.rows, step))
        assert observation in env.observation_space
        assert all(row in env.single_observation_space for row in observation)
        if form.is_vector:
            assert (reward.shape, reward.dtype) == ((n, m), np.float32)
            assert all(row in env.reward_space for row in reward), (reward.min(axis=0), reward.max(axis=0), env.reward_space)
        else:
            assert (reward.shape, reward.dtype) == ((n,), np.float64)
        assert (terminated.shape, terminated.dtype) == (truncated.shape, truncated.dtype) == ((n,), np.bool_)
        info_holds(info, {**answer, **who})
        done = terminated | truncated
        assert ("final_obs" in info) == ("final_info" in info) == done.any()
        if done.any():
            assert info["_final_obs"].tolist() == info["_final_info"].tolist() == done.tolist()
            assert [last is not None for last in info["final_obs"]] == done.tolist()
            assert all(last in env.single_observation_space for last in info["final_obs"][done])
            info_holds(info["final_info"], {**answer, **who}, done)


def seeding(world: World, form: Form = SCALAR) -> None:
    first, again = (list(play(form.vector(world, ROWS), steps(world))) for _ in range(2))
    assert_same(first, again, "the same seed in another environment")

    env = form.vector(world, ROWS)
    list(play(env, 1, seed=SEED + 1))
    assert_same(first, list(play(env, steps(world))), "the same seed after another")
    # The outcomes of 64 shoppers under another seed: a coincidence of all of them is out of the question.
    other = list(play(env, steps(world), seed=SEED + 1))
    assert not data_equivalence([each[:-1] for each in first], [each[:-1] for each in other])

    env.reset(seed=SEED)
    observation, info = env.reset()
    assert info["shopper"].tolist() == (2**32 + np.arange(ROWS)).tolist(), "reset() without a seed calls the next shoppers"
    assert_same(observation, world.observe(world.shoppers(SEED, info["shopper"])))


def autoreset_is_gymnasiums(world: World, form: Form = SCALAR) -> None:
    """As Gymnasium's own SAME_STEP vector of single environments, one for each row."""
    rows = 8
    singles = [lambda row=row: form.single(world, first_row=row) for row in range(rows)]
    theirs = SyncVectorEnv(singles, autoreset_mode=AutoresetMode.SAME_STEP)
    if form.is_vector:  # as MO-Gymnasium makes room, in a vector that knows no autoreset mode
        theirs._rewards = np.zeros((rows, len(world.objective_names)), np.float32)
    ours = form.vector(world, rows)
    assert theirs.single_action_space == ours.single_action_space
    assert theirs.observation_space == ours.observation_space

    expected, got = theirs.reset(seed=[SEED] * rows), ours.reset(seed=SEED)
    assert_same(expected, got, "reset")
    ends = 0
    for step in range(steps(world)):
        action = slates(world, ours.rows, step)
        expected, got = theirs.step(action), ours.step(action)
        assert_same(expected[:-1], got[:-1], f"step {step}")
        ends += int((got[2] | got[3]).sum())
        # Ours says more: what was earned in the rows that ended stands beside the reward too, not in `final_info` alone.
        for key, value in expected[-1].items():
            has = expected[-1].get(f"_{key}", slice(None))
            if key.startswith("final") or key.startswith("_final"):
                assert_same(value, got[-1][key], f"step {step}, {key}")
            elif not key.startswith("_"):
                assert_same(value[has], got[-1][key][has], f"step {step}, {key}")
    assert ends >= rows


def nothing_returned_is_used_again(world: World, form: Form = SCALAR) -> None:
    spoilt, whole = form.vector(world, ROWS), form.vector(world, ROWS)
    kept, copies = [], []
    for got, expected in zip(play(spoilt, steps(world)), play(whole, steps(world)), strict=True):
        assert_same(got, expected, "after what was returned had been overwritten")
        assert not any(np.may_share_memory(*pair) for pair in combinations(arrays_in(got), 2)), "two of the arrays are one"
        kept.append(expected)
        copies.append(deepcopy(expected))
        spoil(got)
        if len(kept) > 1:
            assert_same(astuple(spoilt.feedback), astuple(whole.feedback), "env.feedback")
    assert_same(kept, copies, "what was returned earlier")


def actions_are_left_alone(world: World, form: Form = SCALAR) -> None:
    env, twin = form.vector(world, ROWS), form.vector(world, ROWS)
    env.reset(seed=SEED)
    twin.reset(seed=SEED)
    for step in range(steps(world)):
        action = slates(world, env.rows, step)
        got, copy = env.step(action), action.copy()
        assert action.tolist() == copy.tolist()
        assert_same(got, twin.step(copy))
        action[:] = 0  # the caller's buffer is used for the next slate


def the_batch_has_no_say(world: World, form: Form = SCALAR) -> None:
    """A row alone, as a vector of one and as a single environment, meets what it meets among 4,096."""
    rows = [0, 1, 2047, 4095]
    envs = [form.vector(world, first_row=row) for row in rows]
    singles = [form.single(world, first_row=row) for row in rows]
    crowd = form.vector(world, 4096)
    batch, _ = crowd.reset(seed=SEED)
    for row, env, single in zip(rows, envs, singles, strict=True):
        assert_same(batch[row : row + 1], env.reset(seed=SEED)[0])
        assert_same(batch[row], single.reset(seed=SEED)[0])
    for step in range(steps(world)):
        action = slates(world, crowd.rows, step)
        observation, reward, terminated, truncated, info = crowd.step(action)
        for row, env, single in zip(rows, envs, singles, strict=True):
            one = slice(row, row + 1)
            got = env.step(action[one])
            assert_same((observation[one], reward[one], terminated[one], truncated[one]), got[:4], f"row {row}, step {step}")
            assert_same({key: value[one] for key, value in info.items() if "final" not in key}, _without_final(got[4]))
            alone = single.step(action[row])
            assert_same(reward[row], np.asarray(alone[1]) if form.is_vector else np.float64(alone[1]), "the reward")
            assert (terminated[row], truncated[row]) == alone[2:4]
            if alone[2] or alone[3]:
                assert_same(info["final_obs"][row], alone[0], "the last observation")
                assert info["final_info"]["shopper"][row] == alone[4]["shopper"]
                single.reset()
            else:
                assert_same(observation[row], alone[0])


def _without_final(info: dict) -> dict:
    return {key: value for key, value in info.items() if "final" not in key}


def it_tells_what_the_simulation_does(world: World, form: Form = SCALAR) -> None:
    """Rewards, ends and observations against a bare simulation; a span that is over is truncation, leaving is termination."""
    weights = np.linspace(0.3, 7.0, len(world.objective_names))
    options = {} if form.is_vector else {"weights": weights}
    env, simulation = form.vector(world, ROWS, **options), Simulation(world, SEED, ROWS)
    observation, _ = env.reset(seed=SEED)
    assert_same(observation, simulation.observe())
    visits = np.zeros(ROWS, int)
    for step in range(steps(world)):
        action = slates(world, env.rows, step)
        feedback = simulation.show(action)
        observation, reward, terminated, truncated, info = env.step(action)
        visits += 1
        if form.is_vector:
            assert_same(reward, feedback.objectives)
        else:
            np.testing.assert_allclose(reward, feedback.objectives @ weights, rtol=1e-12)
        assert_same(info["objectives"], feedback.objectives)
        assert_same(terminated, feedback.terminated)
        assert_same(truncated, (visits == world.visits) & ~feedback.terminated)
        done = terminated | truncated
        visits[done] = 0
        simulation.restart(done)
        assert_same(observation, simulation.observe())
        assert info["visit"].tolist() == visits.tolist()
        for name in ("clicks", "conversions", "revenue"):
            assert_same(info[name], getattr(feedback, name))
            assert not done.any() or (info["final_info"][name][done] == info[name][done]).all()


def episode_statistics(world: World, form: Form) -> None:
    """Gymnasium's wrapper counts lengths and returns as we do by hand."""
    env = RecordEpisodeStatistics(form.vector(world, ROWS), buffer_length=10**6)
    env.reset(seed=SEED)
    length, total = np.zeros(ROWS, int), np.zeros(ROWS)
    lengths, totals = [], []
    for step in range(2 * steps(world)):
        _, reward, terminated, truncated, info = env.step(slates(world, env.unwrapped.rows, step))
        length += 1
        total += reward
        done = terminated | truncated
        if done.any():
            assert info["_episode"].tolist() == done.tolist()
            assert info["episode"]["l"][done].tolist() == length[done].tolist()
            assert info["episode"]["r"][done].tolist() == total[done].tolist()
        lengths += length[done].tolist()
        totals += total[done].tolist()
        length[done], total[done] = 0, 0
    assert len(lengths) >= 2 * ROWS
    assert list(env.length_queue) == lengths
    assert list(env.return_queue) == totals


def a_reset_mask_does_what_autoreset_does(world: World, form: Form = SCALAR) -> None:
    """With autoreset off, resetting the rows that ended leads through the same shoppers."""
    env, automatic = form.vector(world, ROWS, autoreset_mode="Disabled"), form.vector(world, ROWS)
    assert_same(env.reset(seed=SEED), automatic.reset(seed=SEED))
    for step in range(steps(world)):
        action = slates(world, env.rows, step)
        observation, *answer, info = env.step(action)
        expected, *expected_answer, expected_info = automatic.step(action)
        assert_same(answer, expected_answer)
        done = answer[1] | answer[2]
        assert "final_obs" not in info
        if done.any():
            assert_same(np.stack(list(expected_info["final_obs"][done])), observation[done])
            observation, info = env.reset(options={"reset_mask": done})
            assert_same(info["_shopper"], done)
            assert_same(info["shopper"][done], expected_info["shopper"][done])
        assert_same(observation, expected)


CHECKS: list[Callable[[World, Form], None]] = [
    spaces_shapes_and_types,
    seeding,
    autoreset_is_gymnasiums,
    nothing_returned_is_used_again,
    actions_are_left_alone,
    the_batch_has_no_say,
    it_tells_what_the_simulation_does,
    episode_statistics,
    a_reset_mask_does_what_autoreset_does,
]
# Gymnasium's statistics take a reward for one number.
BOTH = [(SCALAR, check) for check in CHECKS] + [(MO, check) for check in CHECKS if check is not episode_statistics]
