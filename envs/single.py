"""The single environment: one shopper behind Gymnasium's `Env`."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike

from slategym.envs.spec import SlateSpec
from slategym.envs.vector import Array, Mask, Observation, Slate, SlateVectorEnv, answer_in
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.arrays import as_array


class SlateEnv(gymnasium.Env[Observation, Slate]):
    """One shopper at a time: the view of `SlateVectorEnv` with n = 1, which describes observation, rewards and info in full.

    ## Action Space
    `MultiDiscrete([m] * k)`: the items of a slate, best rank first; with `candidates=C` `MultiDiscrete([C] * k)`.

    ## Observation Space
    A flat `Box` (o,) float32; `env.unwrapped.world.layout.describe()` prints its fields.

    ## Rewards
    The weighted sum of the objectives of the step, a float.

    ## Starting State
    A new shopper, at their first visit; `reset()` without a seed goes on to the next one.

    ## Episode End
    `terminated`: the shopper left. `truncated`: the simulated period is over. Nothing resets by itself.

    ## Info
    As that of the vector environment, without the leading n; `env.simulation` and `env.feedback` keep their n = 1.

    ## Version History
    The versions are those of the worlds.

    Args:
        world: a world, or the name of one.
        weights: (M,), of the objectives; by default those of the world.
        first_row: which row of the world this is; `SlateEnv(world, first_row=r)` is row r of `SlateVectorEnv(world, n)`.
        max_episode_steps: truncate after so many visits; `gymnasium.make` does so by its own `TimeLimit`. None: no limit.
        render_mode: None; "ansi": `render` gives the last slate and its answer as text; or "rgb_array": as a picture, (height,
            width, 3) uint8, always of the same size.
        options: of the world, if it is given by name.

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
        """How `gymnasium.make` made it; None for one that was made from its class."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = SlateSpec.of(spec)

    @property
    def world(self) -> World:
        """What is simulated."""
        return self._vector.world

    @property
    def weights(self) -> Array:
        """(M,) float64, the weights of the objectives."""
        return self._vector.weights

    @property
    def simulation(self) -> Simulation:
        """The shopper in motion. Gymnasium's `ResetNeeded` before the first `reset`."""
        return self._vector.simulation

    @property
    def feedback(self) -> Feedback:
        """The answer to the last slate, n = 1. Gymnasium's `ResetNeeded` before the first `step`."""
        return self._vector.feedback

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin with a seed, or go on to the next shopper."""
        super().reset(seed=seed)
        self._vector.np_random = self.np_random  # from which a first reset without a seed draws one
        self._vector.begin(seed)
        return self._vector.simulation.observe()[0], self._who()

    def step(self, action: Slate) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Show the slate (k,)."""
        feedback, observation = self._vector.show(as_array(action, "action")[None])
        info = {name: values[0] for name, values in answer_in(feedback).items()} | self._who()
        reward = 0.0  # as `SlateVectorEnv.reward` adds up, without the cost of a call to what is compiled
        for value, weight in zip(feedback.objectives[0].tolist(), self._vector.weights.tolist(), strict=True):
            reward += value * weight
        return observation[0], reward, feedback.terminated.item(), feedback.truncated.item(), info

    def action_masks(self) -> Mask:
        """(k m,) as `SlateVectorEnv.action_masks` has them, for MaskablePPO."""
        return np.asarray(self._vector.action_masks()[0])

    def render(self) -> Any:
        """What was shown last and what came of it: a text, or a picture; None without a render mode."""
        frames = self._vector.render()
        return None if frames is None else frames[0]

    def _who(self) -> dict[str, int]:
        """Who stands there, and how often they have come before."""
        shoppers = self._vector.simulation.shoppers
        return {"shopper": shoppers.identity.item(), "visit": shoppers.visit.item()}
