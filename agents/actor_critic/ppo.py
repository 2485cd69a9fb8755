"""The PPO agent."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import NDArray
from typing_extensions import override

from slategym.agents.actor_critic.agent import ActorCritic, Floats
from slategym.agents.actor_critic.gains import clipped
from slategym.agents.base import Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share


class PPO(ActorCritic):
    """Proximal policy optimization (Schulman et al., 2017) on slates, with a critic for each objective.

    It differs from `ActorCritic` only in the clipping: a choice stops contributing to the gradient when the relative change of
    its probability since the start of the passes over its batch exceeds `clip` in the direction of its advantage (`clipped`).

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers and of the networks' initial weights.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        clip: largest relative change of a choice's probability, in the direction of its advantage, during the passes over a
            batch.
        memory: see `ActorCritic`.
        history: see `ActorCritic`.
        discount: see `ActorCritic`.
        trace: see `ActorCritic`.
        horizon: see `ActorCritic`.
        learning_rate: see `ActorCritic`.
        critic_rate: see `ActorCritic`.
        entropy: see `ActorCritic`.
        entropy_halflife: see `ActorCritic`.
        batch_size: see `ActorCritic`.
        passes: see `ActorCritic`.
        largest_ratio: see `ActorCritic`.
        inputs: see `ActorCritic`.
        hidden: see `ActorCritic`.
        width: see `ActorCritic`.
        device: see `ActorCritic`.

    Raises:
        ValueError: an option is out of its range, or there is no such device.
    """

    name = "ppo"
    clips = True

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        memory: Literal["none", "gru", "attention"] = "none",
        history: Count = 10,
        clip: Positive = 0.2,
        discount: Share = 0.0,
        trace: Share = 0.9,
        horizon: Count = 8,
        learning_rate: Positive = 0.003,
        critic_rate: Positive = 0.003,
        entropy: NonNegative = 0.3,
        entropy_halflife: Positive = 20_000,
        batch_size: Count = 250,
        passes: Count = 3,
        largest_ratio: Positive = 2.0,
        inputs: Literal["all", "context"] = "context",
        hidden: Dimensions = 64,
        width: Dimensions = 32,
        device: str = "cpu",
    ) -> None:
        super().__init__(
            problem,
            seed,
            scalarizer,
            memory=memory,
            history=history,
            discount=discount,
            trace=trace,
            horizon=horizon,
            learning_rate=learning_rate,
            critic_rate=critic_rate,
            entropy=entropy,
            entropy_halflife=entropy_halflife,
            batch_size=batch_size,
            passes=passes,
            largest_ratio=largest_ratio,
            inputs=inputs,
            hidden=hidden,
            width=width,
            device=device,
        )
        self.clip = clip

    @override
    def gains(self, now: NDArray[Any], begun: NDArray[Any], made: NDArray[Any], advantage: Floats) -> Floats:
        return clipped(now, begun, made, advantage, self.clip, self.largest_ratio)
