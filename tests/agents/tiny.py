"""Small worlds with a known best slate, and how to run an agent in a world."""

from dataclasses import dataclass

import numpy as np

from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World

# Two kinds of shoppers: each clicks two items of its own, and both click items 4 and 5 nearly as often. Only 6 and 7 are bought.
CLICK = np.array(
    [
        [0.75, 0.70, 0.05, 0.05, 0.60, 0.50, 0.20, 0.20],
        [0.05, 0.05, 0.75, 0.70, 0.60, 0.50, 0.20, 0.20],
    ]
)
CONVERT = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.5])
BEST_OF_KIND = np.array([[0, 1], [2, 3]])  # by clicks
BEST_FOR_ALL = np.array([4, 5])  # by clicks, the same for everybody
MOST_CONVERTED = np.array([6, 7])


@dataclass(frozen=True)
class TwoKinds(UserModel):
    click_model = PositionBased((1.0, 0.6))
    context_size = 1
    delay_by: int = 0  # visits by which each conversion is delayed

    def __post_init__(self):
        object.__setattr__(self, "longest_delay", self.delay_by)

    def sample(self, draws, catalog):
        return {"kind": (draws.uniform(Stream.CUSTOM) < 0.5).astype(np.int64)}, {}

    def context(self, shoppers):
        return 2.0 * shoppers.kind[:, None] - 1

    def attraction(self, shoppers, catalog, slate):
        rows = CLICK[shoppers.kind]
        return rows if slate is None else np.take_along_axis(rows, slate, axis=1)

    def conversion(self, shoppers, catalog, slate):
        return np.broadcast_to(CONVERT[slate], (len(shoppers), len(CONVERT) if slate is None else slate.shape[1]))

    def delay(self, shoppers, catalog, slate, draws):
        return np.full(slate.shape, self.delay_by)


def two_kinds(delay_by=0, visits=1):
    items = len(CONVERT)
    catalog = Catalog(
        features=np.eye(items),
        taste=np.zeros((items, 1)),
        category=np.arange(items) % 2,
        price=np.ones(items),
        margin=np.full(items, 0.5),
        quality=np.zeros(items),
        appeal=np.zeros(items),
    )
    return World("TwoKinds-v0", catalog, TwoKinds(delay_by), slate_size=2, visits=visits)


def step(agent, simulation):
    """One step of the agent in the simulation: the observation, the decision and the feedback."""
    observation = simulation.observe()
    decision = agent.act(observation)
    feedback = simulation.show(decision.slate)
    agent.update(observation, decision, feedback)
    simulation.restart(feedback.terminated | feedback.truncated)
    return observation, decision, feedback


def learned(name, world, weights, slates, rows=100, seed=0, **options):
    """An agent that has seen so many slates of a world, and its simulation."""
    simulation = Simulation(world, seed, rows)
    agent = make_agent(name, simulation, seed, FixedSum(weights), **options)
    for _ in range(slates // rows):
        step(agent, simulation)
    return agent, simulation


BAIT_CLICK = np.array([0.8, 0.7, 0.5, 0.4])
FOR_WHOLE_STAYS, FOR_A_VISIT = 2, 0


@dataclass(frozen=True)
class Bait(UserModel):
    """Items 0 and 1 are clicked most, and shoppers who click one of them mostly leave."""

    click_model = PositionBased((1.0,))
    context_size = 1

    def sample(self, draws, catalog):
        return {"kind": draws.uniform(Stream.CUSTOM)}, {"annoyed": np.zeros(len(draws.uniform(Stream.CUSTOM)), np.bool_)}

    def context(self, shoppers):
        return shoppers.kind[:, None]

    def attraction(self, shoppers, catalog, slate):
        return np.broadcast_to(BAIT_CLICK[slate], (len(shoppers), len(BAIT_CLICK) if slate is None else slate.shape[1]))

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["annoyed"][:] = ((slate < 2) & feedback.clicks).any(axis=1)

    def leaving(self, shoppers, feedback):
        return np.where(shoppers.annoyed, 0.9, 0.02)


def bait():
    """Slates of one item, at most eight visits."""
    items = len(BAIT_CLICK)
    catalog = Catalog(
        features=np.eye(items),
        taste=np.zeros((items, 1)),
        category=np.arange(items) % 2,
        price=np.ones(items),
        margin=np.full(items, 0.5),
        quality=np.zeros(items),
        appeal=np.zeros(items),
    )
    return World("Bait-v0", catalog, Bait(), slate_size=1, visits=8)
