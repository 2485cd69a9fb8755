"""The cases of all other agents, which take longer."""

import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from stable_baselines3 import PPO
from tests.fuzz.case import Case, Subject
from tests.fuzz.learners import QUICK, agents, observed
from tests.fuzz.shop import C, N, world

from slategym.agents.base import Agent
from slategym.agents.registry import make_agent
from slategym.envs.single import SlateEnv
from slategym.envs.wrappers.query import QueryAction
from slategym.sim.simulation import Simulation


def cases() -> Iterator[Case]:
    for candidates in (None, C):
        yield from agents(lambda name: name not in QUICK, candidates)
        yield from saved_model(candidates)


def saved_model(candidates: int | None) -> Iterator[Case]:
    @lru_cache
    def agent() -> Agent:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.zip"
            PPO("MlpPolicy", QueryAction(SlateEnv(world(candidates))), policy_kwargs={"net_arch": [4]}, device="cpu").save(path)
            return make_agent(f"sb3:{path}", Simulation(world(candidates), 0, N))

    arguments = {"observation": Simulation(world(candidates), 0, N).observe()}
    name = "slategym.agents.adapters.sb3_saved.SavedModel.choose"
    make = lambda: Subject(agent().choose, arguments, lambda: (agent(),))  # noqa: E731
    yield Case(name, make, {"observation": observed(candidates)}, of="candidates" if candidates else "")
