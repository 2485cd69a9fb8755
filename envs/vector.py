"""The vector environment: a batch of shoppers as a Gymnasium `VectorEnv`."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, MultiDiscrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from slategym.envs.info import Array, Mask, answer_in, in_rows, with_masks
from slategym.envs.masks import rank_masks
from slategym.envs.rendering.scene import Scenes
from slategym.envs.rendering.text import slate_text
from slategym.envs.spec import SlateSpec
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import ROW_BITS, Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.arrays import check_array, check_mask
from slategym.utils.checked import checked
from slategym.utils.ranges import ShopperCount

Observation = NDArray[np.float32]
Slate = NDArray[np.int64]


class SlateVectorEnv(VectorEnv[Observation, Slate, Array]):
    """A batch of shoppers of a world; each step shows every shopper a slate of items.

    ## Action Space
    `MultiDiscrete([m] * k)`: the items of a slate, best rank first; a batch is (n, k) int64. A repeated item is allowed and
    counts once, at its first rank; `action_masks()` excludes repeats. With `candidates=C` it is `MultiDiscrete([C] * k)`:
    positions among the candidates of the observation. The wrappers `slategym.QueryVectorAction`, `ScoreVectorAction` and
    `DiscreteVectorAction` provide other action spaces.

    ## Observation Space
    A flat `Box` (o,) float32; a batch is (n, o). `env.world.layout.describe()` prints the fields of a world with their columns,
    and `observation[:, env.world.layout["clock"]]` reads one:

    | field | width | range | meaning |
    |---|---|---|---|
    | `context` | c | any | the observable features of the shopper; never the latent taste |
    | `exposure` | g | [0, 5 k] | items shown per category, decayed by 0.8 per visit |
    | `engagement` | 2 | [0, (5 + d) k] | clicks and known conversions, decayed by 0.8 per visit; d is the longest delay |
    | `clock` | 1 | [0, 1] | visits so far as a share of `world.visits` |
    | `candidates` | C | [0, m - 1] | the items to choose from at this visit, in ascending order |

    A world without context has no `context`, and a world of single visits has no `exposure` and no `engagement`. Only a world
    with a retrieval stage (`candidates=C`) has `candidates`.

    ## Rewards
    (n,) float64, the weighted sum of the objectives of the step; a delayed conversion counts in the step in which it arrives.
    Every world has the option `objectives=("click", "profit")`, which selects them; `MOSlateVectorEnv` returns them separately.

    ## Starting State
    `reset(seed=s)` begins with the first shopper of each row, at visit 0, and at step 0 of the world's schedule, if it has one.
    `reset()` continues with the next shoppers in the world as it is at that step; a first `reset()` draws a seed from
    `np_random`, which is then `env.simulation.seed`. A shopper's traits are a function of the seed and the shopper's identity.
    Row `r` of the batch is row `first_row + r` of the world. Its outcomes are a function of the seed, its number and its slates,
    independent of the other rows.

    ## Episode End
    An episode consists of the visits of one shopper.

    1. Termination: the shopper leaves.
    2. Truncation: the shopper has made `world.visits` visits, or `max_episode_steps`.

    The next shopper of the row comes in the same step (`AutoresetMode.SAME_STEP`), so that every step shows a slate in every
    row. The last observation and info of the previous shopper are in `infos["final_obs"]` and `infos["final_info"]`.

    ## Info
    Of the step, for every row: `objectives` (n, M) float32 in the order of `world.objective_names`, `clicks` and `conversions`
    (n, k) bool, `revenue` (n, k) float32. Of the observed shoppers: `shopper` (n,) int64, their identity, and `visit` (n,) int64,
    the number of their earlier visits; `reset` returns these two. In worlds that have them, `behaviour:NAME` (n, k) float32 and
    `days_away` (n,) int64 of the step. In a world whose schedule launches or retires items, `allowed` (n, m) bool, the items that
    the next slate may hold; a slate with another item raises a ValueError. `_key` is the mask of the rows that have `key`. All
    arrays are new: the environment does not use them again.

    ## Arguments
    `gymnasium.make_vec("slategym/Shop-v0", num_envs=n, **options)` makes the environment of a world by its id. The options are
    those of the world (`slategym worlds Shop-v0` lists them) and those under Args.

    ## Version History
    The version is that of the world, the suffix of its name. A change in the outcomes of a world makes a new version.
    * v0: initial version of every world.

    Args:
        world: a world, or the name of one.
        num_envs: n, the number of rows.
        weights: (M,), the weight of each objective in the reward; default: `world.weights` (click 1, conversion 10).
        first_row: the number of the first row; set it to run parts of one batch separately.
        autoreset_mode: SAME_STEP; or DISABLED, where `reset(options={"reset_mask": mask})` starts the next shopper in some rows.
        max_episode_steps: truncate an episode after this many visits, as `gymnasium.make` does. The world does not change, and
            `clock` remains a share of `world.visits` (the option `visits` of a world changes the world). None or -1: only after
            `world.visits`.
        render_mode: None; "ansi": `render` returns the last slates and their outcomes as text; or "rgb_array": as pictures, one
            per row, (height, width, 3) uint8.
        options: options of the world, if it is given by name.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> import gymnasium, slategym
        >>> envs = gymnasium.make_vec("slategym/Shop-v0", num_envs=4096)
        >>> observation, infos = envs.reset(seed=0)
        >>> observation, reward, terminated, truncated, infos = envs.step(envs.action_space.sample())
    """

    metadata: dict[str, Any] = {  # noqa: RUF012, Gymnasium's
        "render_modes": ["ansi", "rgb_array"],
        "render_fps": 1,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    @checked
    def __init__(
        self,
        world: World | str,
        num_envs: ShopperCount = 1,
        *,
        weights: ArrayLike | None = None,
        first_row: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        if isinstance(world, World):
            if options:
                raise ValueError(f"options {', '.join(options)} came with a World: expected none, or a world given by name")
        else:
            world = make_world(world, **options)
        if not 0 <= first_row <= 2**ROW_BITS - num_envs:
            raise ValueError(f"first_row is {first_row}: expected 0..{2**ROW_BITS - num_envs} for {num_envs} rows")
        self.weights = np.array(world.weights if weights is None else weights, np.float64)
        if self.weights.shape != (len(world.objective_names),) or not np.isfinite(self.weights).all():
            raise ValueError(f"weights is {weights!r}: expected one finite number for each of {', '.join(world.objective_names)}")
        mode = AutoresetMode(autoreset_mode)
        if mode is AutoresetMode.NEXT_STEP:
            raise ValueError("autoreset_mode is NEXT_STEP: expected SAME_STEP or DISABLED, because a row uses every slate")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode is {render_mode!r}: expected None, 'ansi' or 'rgb_array'")
        limit = -1 if max_episode_steps is None else max_episode_steps
        if isinstance(limit, bool) or not isinstance(limit, int | np.integer) or (limit < 1 and limit != -1):
            raise ValueError(f"max_episode_steps is {limit!r}: expected a whole number of visits from 1, or None for no limit")

        self.world = world
        self.num_envs = num_envs
        self.rows = first_row + np.arange(num_envs)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.single_observation_space = Box(world.layout.low, world.layout.high, dtype=np.float32)
        self.single_action_space = MultiDiscrete([world.final.choices] * world.slate_size)
        self._autoreset = mode is AutoresetMode.SAME_STEP
        self._simulation: Simulation | None = None
        self._feedback: Feedback | None = None
        self._gone = np.zeros(num_envs, np.bool_)  # rows that need a reset; always none with SAME_STEP
        self._limit = int(limit)
        self.spec = None
        self._scenes = Scenes(world, num_envs) if render_mode else None
        self._masked: tuple[World, Mask] | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """The specification that `gymnasium.make_vec` used; None if the environment was made from its class."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = SlateSpec.of(spec)

    # Made on first use: for ten million shoppers the spaces alone take gigabytes of memory.
    @cached_property
    def observation_space(self) -> Space[Any]:  # type: ignore[override]
        """`single_observation_space` of every row."""
        return batch_space(self.single_observation_space, self.num_envs)

    @cached_property
    def action_space(self) -> Space[Any]:  # type: ignore[override]
        """`single_action_space` of every row."""
        return batch_space(self.single_action_space, self.num_envs)

    @property
    def simulation(self) -> Simulation:
        """The simulation of the shoppers.

        Raises:
            ResetNeeded: before the first `reset`.
        """
        if self._simulation is None:
            raise ResetNeeded("there are no shoppers yet: call reset() first")
        return self._simulation

    @property
    def feedback(self) -> Feedback:
        """The feedback to the last slates.

        Raises:
            ResetNeeded: before the first `step`.
        """
        if self._feedback is None:
            raise ResetNeeded("no slate has been shown yet: call reset() and step() first")
        return self._feedback

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin with a seed, or continue with the next shoppers.

        Args:
            seed: the seed of the simulation, from 0; None continues with the next shoppers.
            options: `{"reset_mask": mask}`, a bool array (n,), resets those rows only.

        Returns:
            The observation (n, o) float32 of all rows, and the info.

        Raises:
            ValueError: the mask is invalid, or is given with a seed.
            ResetNeeded: the mask is given before the first `reset`.
        """
        rows = self._reset_mask(seed, options)
        super().reset(seed=seed)
        self.begin(seed, rows)
        some = rows.nonzero()[0]
        infos = with_masks({name: in_rows(some, value) for name, value in self.who().items()}, rows)
        return self.simulation.observe(), infos | self._allowed()

    def begin(self, seed: int | None = None, rows: Mask | None = None) -> None:
        """Reset without returning an observation and info.

        Args:
            seed: the seed of the simulation; None continues with the next shoppers.
            rows: (n,) bool, the rows to reset; all if None.
        """
        if rows is not None:
            check_mask(rows, (self.num_envs,), "rows")
        if seed is None and self._simulation is not None:
            self._simulation.restart(rows)
        else:
            number = int(self.np_random.integers(2**63)) if seed is None else seed
            self._simulation = Simulation(self.world, number, self.rows)
            self._feedback = None
        self._gone = np.zeros(self.num_envs, np.bool_) if rows is None else self._gone & ~rows
        if self._scenes:
            self._scenes.reset(rows)

    def step(self, actions: Slate) -> tuple[Observation, Array, Mask, Mask, dict[str, Any]]:
        """Show slates and return the outcome of the step.

        Args:
            actions: (n, k) items, or positions if there are candidates.

        Returns:
            The next observation (n, o) float32, the reward (n,), `terminated` and `truncated` (n,) bool, and the info.

        Raises:
            ValueError: an action is not a slate (see `World.check_slate`); the environment is unchanged.
            ResetNeeded: before `reset`, or if the episode of a row has ended.
        """
        previous = self.who()
        feedback, observation = self.show(actions)
        answer = answer_in(feedback)
        infos = with_masks({**answer, **self.who()}, np.ones(self.num_envs, np.bool_)) | self._allowed()
        gone = feedback.terminated | feedback.truncated
        rows = gone.nonzero()[0]
        if self._autoreset and len(rows):
            previous["visit"] += 1
            last = {name: in_rows(rows, value) for name, value in {**answer, **previous}.items()}
            infos["final_info"], infos["_final_info"] = with_masks(last, gone), gone
            infos["final_obs"], infos["_final_obs"] = np.empty(self.num_envs, object), gone.copy()
            infos["final_obs"][rows] = np.fromiter(feedback.next_observation[rows], object)
        return observation, self.reward(feedback), feedback.terminated.copy(), feedback.truncated.copy(), infos

    def show(self, actions: Slate) -> tuple[Feedback, Observation]:
        """Show slates without computing rewards and infos.

        Args:
            actions: (n, k) items, or positions if there are candidates.

        Returns:
            The feedback, and the next observation (n, o) float32.

        Raises:
            ValueError: an action is not a slate; the environment is unchanged.
            ResetNeeded: before `reset`, or if the episode of a row has ended.
        """
        if np.count_nonzero(self._gone):
            raise ResetNeeded(
                f"{self._gone.sum()} of {self.num_envs} episodes have ended, the first in row {self._gone.argmax()}: "
                "call reset(), or reset(options={'reset_mask': mask}) for their rows, before the next step"
            )
        if self._scenes:
            self._scenes.about_to_show(self.simulation, actions)
        if self._autoreset and self._limit == -1:
            self._feedback, observation = self.simulation.step(actions)
        else:
            self._feedback = self._limited(self.simulation.show(actions))
            observation, gone = self._feedback.next_observation.copy(), self._feedback.terminated | self._feedback.truncated
            if self._autoreset:
                self.simulation.restart(gone, observation)
            else:
                self._gone = gone
        if self._scenes:
            self._scenes.answer(self._feedback)
        return self._feedback, observation

    def _limited(self, feedback: Feedback) -> Feedback:
        """The feedback, with `truncated` set in rows that have reached `max_episode_steps`."""
        if self._limit == -1:
            return feedback
        over = (self.simulation.shoppers.visit >= self._limit) & ~feedback.terminated
        return replace(feedback, truncated=feedback.truncated | over)

    def reward(self, feedback: Feedback) -> Array:
        """(n,) float64, the weighted sum of the objectives.

        Args:
            feedback: of a step.
        """
        from slategym.sim.kernel.batch import weighted  # compiled: imported on first use

        check_array(feedback.objectives, (self.num_envs, len(self.weights)), "feedback.objectives", "fiu", "numbers")
        reward = np.empty(self.num_envs)
        weighted(feedback.objectives, self.weights, reward)
        return reward

    def who(self) -> dict[str, Array]:
        """Return copies of the identity and the number of earlier visits of the shopper in each row."""
        return {"shopper": self.simulation.shoppers.identity.copy(), "visit": self.simulation.shoppers.visit.copy()}

    def action_masks(self) -> Mask:
        """(n, k m) bool, the items allowed at each rank, rank after rank, so that no slate repeats an item; for MaskablePPO.

        Every item that can be shown now is allowed at one rank (see `masks.rank_masks`). In `Shop-v0` the best of these slates
        earn 87 % of the reward of the best slates. With `candidates=C` it is (n, k C), the positions.
        """
        world = self.world if self._simulation is None else self._simulation.world
        if self._masked is None or self._masked[0] is not world:
            self._masked = world, rank_masks(world.slate_size, world.catalog.category, world.candidates, world.available)
        return np.tile(self._masked[1].ravel(), (self.num_envs, 1))

    @property
    def allowed(self) -> Mask | None:
        """(m,) bool, the items that the next slates may hold; None if items never come or go, or if there are candidates.

        Raises:
            ResetNeeded: before the first `reset`.
        """
        if not self.world.comes_and_goes or self.world.candidates is not None:
            return None
        allowed, available = np.zeros(self.world.catalog.size, np.bool_), self.simulation.world.available
        allowed[slice(None) if available is None else available] = True
        return allowed

    def _allowed(self) -> dict[str, Array]:
        """The info `allowed`, one array for all rows; empty if there is none."""
        allowed = self.allowed
        if allowed is None:
            return {}
        return {"allowed": np.broadcast_to(allowed, (self.num_envs, len(allowed))), "_allowed": np.ones(self.num_envs, np.bool_)}

    def render(self) -> tuple[Any, ...] | None:
        """Render the last slate of each row and its outcome in the render mode; return None without one.

        Raises:
            ResetNeeded: before the first `reset`.
        """
        if self._scenes is None:
            return None
        scenes = self._scenes.of_rows(self.simulation)
        if self.render_mode == "ansi":
            return tuple(slate_text(scene) for scene in scenes)
        from slategym.envs.rendering.picture import slate_picture  # it imports Pillow, so not at the top

        return tuple(slate_picture(scene) for scene in scenes)

    def _reset_mask(self, seed: int | None, options: dict[str, Any] | None) -> Mask:
        """(n,) bool, the rows to reset. Leaves the options unchanged, because Gymnasium's statistics wrapper reads them later.

        Raises:
            ValueError: the mask is invalid, or is given with a seed.
            ResetNeeded: the mask is given before the first `reset`.
        """
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(f"reset_mask is {mask!r}: expected a bool array ({self.num_envs},) with a row to reset")
        if seed is not None:
            raise ValueError("reset_mask came with a seed: all rows share one seed; reset them all, or leave the seed out")
        if self._simulation is None:
            raise ResetNeeded("reset_mask came before there are shoppers: call reset() for all rows first")
        return mask.copy()
