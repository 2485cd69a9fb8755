"""The single environment: one shopper as a Gymnasium `Env`."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike

from slategym.envs.info import Array, Mask, answer_in
from slategym.envs.spec import SlateSpec
from slategym.envs.vector import Observation, Slate, SlateVectorEnv
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.arrays import as_array


class SlateEnv(gymnasium.Env[Observation, Slate]):
    """One shopper at a time; each step shows the shopper a slate of items. `SlateVectorEnv` with n = 1.

    ## Action Space
    `MultiDiscrete([m] * k)`: the items of a slate (k,), best rank first. With `candidates=C` it is `MultiDiscrete([C] * k)`:
    positions among the candidates. A repeated item counts once, at its first rank. The wrappers `slategym.QueryAction`,
    `ScoreAction` and `DiscreteAction` provide other action spaces.

    ## Observation Space
    A flat `Box` (o,) float32. `env.world.layout.describe()` prints its fields; `SlateVectorEnv` has a table of them.

    ## Rewards
    A float, the weighted sum of the objectives of the step; a delayed conversion counts in the step in which it arrives.
    `MOSlateEnv` returns the objectives separately.

    ## Starting State
    `reset(seed=s)` begins with the first shopper of the row, at visit 0; `reset()` continues with the next one. Traits and
    outcomes are a function of the seed, the row and the slates.

    ## Episode End
    An episode consists of the visits of one shopper.

    1. Termination: the shopper leaves.
    2. Truncation: the shopper has made `world.visits` visits, or `max_episode_steps`.

    ## Info
    The shapes are those of `SlateVectorEnv` without the leading n: `objectives` (M,), `clicks`, `conversions` and `revenue` (k,),
    and the integers `shopper` and `visit`. `env.simulation` and `env.feedback` keep their leading n = 1.

    ## Arguments
    `gymnasium.make("slategym/Shop-v0", **options)` makes the environment of a world by its id. The options are those of the world
    (`slategym worlds Shop-v0` lists them) and those under Args.

    ## Version History
    The version is that of the world, the suffix of its name. A change in the outcomes of a world makes a new version.
    * v0: initial version of every world.

    Args:
        world: a world, or the name of one.
        weights: (M,), the weight of each objective in the reward; default: `world.weights` (click 1, conversion 10).
        first_row: the row of the world; `SlateEnv(world, first_row=r)` is row r of `SlateVectorEnv(world, n)`.
        max_episode_steps: truncate an episode after this many visits; None: only after `world.visits`. (`gymnasium.make` does not
            pass it on, but adds its own `TimeLimit`.)
        render_mode: None; "ansi": `render` returns the last slate and its outcome as text; or "rgb_array": as a picture, (height,
            width, 3) uint8, always of the same size.
        options: options of the world, if it is given by name.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> import gymnasium, slategym
        >>> env = gymnasium.make("slategym/Shop-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 1}  # noqa: RUF012, Gymnasium's

    def __init__(
        self,
        world: World | str,
        *,
        weights: ArrayLike | None = None,
        first_row: int = 0,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        self._vector = SlateVectorEnv(
            world,
            weights=weights,
            first_row=first_row,
            autoreset_mode=AutoresetMode.DISABLED,
            max_episode_steps=max_episode_steps,
            render_mode=render_mode,
            **options,
        )
        self.render_mode = render_mode
        self.spec = None
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space

    @property
    def spec(self) -> EnvSpec | None:
        """The specification that `gymnasium.make` used; None if the environment was made from its class."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = SlateSpec.of(spec)

    @property
    def world(self) -> World:
        """The simulated world."""
        return self._vector.world

    @property
    def weights(self) -> Array:
        """(M,) float64, the weight of each objective in the reward."""
        return self._vector.weights

    @property
    def simulation(self) -> Simulation:
        """The simulation of the shopper; before the first `reset` it raises `ResetNeeded`."""
        return self._vector.simulation

    @property
    def feedback(self) -> Feedback:
        """The feedback to the last slate, n = 1; before the first `step` it raises `ResetNeeded`."""
        return self._vector.feedback

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin with a seed, or continue with the next shopper.

        Args:
            seed: the seed of the simulation, from 0; None continues with the next shopper.
            options: ignored.

        Returns:
            The observation (o,) float32, and the info.
        """
        super().reset(seed=seed)
        self._vector.np_random = self.np_random  # a first reset without a seed draws one from it
        self._vector.begin(seed)
        return self._vector.simulation.observe()[0], self._who() | self._allowed()

    def step(self, action: Slate) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Show a slate and return the outcome of the step.

        Args:
            action: (k,) items, or positions if there are candidates.

        Returns:
            The next observation (o,) float32, the reward, `terminated`, `truncated`, and the info.

        Raises:
            ValueError: the action is not a slate (see `World.check_slate`); the environment is unchanged.
            ResetNeeded: before `reset`, or after the end of the episode.
        """
        feedback, observation = self._vector.show(as_array(action, "action")[None])
        info = {name: values[0] for name, values in answer_in(feedback).items()} | self._who() | self._allowed()
        reward = 0.0  # the sum of `SlateVectorEnv.reward`, without the overhead of calling a compiled function
        for value, weight in zip(feedback.objectives[0].tolist(), self._vector.weights.tolist(), strict=True):
            reward += value * weight
        return observation[0], reward, feedback.terminated.item(), feedback.truncated.item(), info

    def action_masks(self) -> Mask:
        """(k m,) bool, as `SlateVectorEnv.action_masks`, for MaskablePPO."""
        return np.asarray(self._vector.action_masks()[0])

    def render(self) -> Any:
        """Render the last slate and its outcome as a text or a picture; None without a render mode."""
        frames = self._vector.render()
        return None if frames is None else frames[0]

    def _allowed(self) -> dict[str, Array]:
        """The info `allowed`, the items that can be shown, in a world where items come and go; empty elsewhere."""
        return {} if self._vector.allowed is None else {"allowed": self._vector.allowed}

    def _who(self) -> dict[str, int]:
        """The identity of the shopper, and the number of earlier visits."""
        shoppers = self._vector.simulation.shoppers
        return {"shopper": shoppers.identity.item(), "visit": shoppers.visit.item()}
