"""Evolutionary search during a run, with pymoo: NSGA-II and particle swarms."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.given_slates import ranked, unknown
from slategym.agents.evolution.fitness import Fitness
from slategym.agents.evolution.genomes import Encoding, SlateEncoding, WeightEncoding
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.ranges import Count, NonNegative, Range, Share

Population = Annotated[int, Range(4, 10_000)]
Search = Literal["weights", "slates"]
SEARCHES = ("weights", "slates")


class Evolution(Agent):
    """The base class of the evolutionary agents, which show the shoppers a population of policies over several generations.

    In each generation, parents and offspring take turns to serve equal shares of the rows (see `Fitness`), until each individual
    has served `slates_per_individual` slates. Then pymoo selects the survivors and makes the next offspring. Parents are
    evaluated again in every generation, and the weight of their earlier results decreases, so that no parent survives by a single
    good result. After the last generation, the individual with the best weighted sum serves all rows. It is still evaluated.

    If the agent searches for slates, propensities are exact unless there are candidates; if it searches for weights, they are
    NaN.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        search: what is searched for: "weights" of the objectives for the models of a linear Thompson sampler, with slates that
            depend on the shopper; or "slates", the same slate for all shoppers.
        population: p, the number of individuals that survive a generation; up to twice as many are evaluated.
        generations: number of generations, after which the search ends.
        slates_per_individual: slates served by each individual per generation.
        carry_over: weight of a slate of the previous generation relative to one of the current generation, 0 to 1.

    Raises:
        ValueError: an option is out of its range.
        ImportError: pymoo is not installed.
    """

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        search: Search = "weights",
        population: Population = 12,
        generations: Count = 10,
        slates_per_individual: Count = 200,
        carry_over: Share = 0.5,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.slates_per_individual, self.carry_over = slates_per_individual, carry_over
        self.generations_left = generations
        self.encoding: Encoding = SlateEncoding(problem) if search == "slates" else WeightEncoding(problem, self.seed)
        self.fitness = Fitness(problem, self.random)
        self.searching = True
        self.next_number = 0  # number of the next new individual
        # Of the last `act`: the individual that served each row (n,), and the slates (n, k).
        self.last_turn: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        bound, size = self.encoding.bound, self.encoding.size
        self.algorithm = self.make(population)
        # pymoo draws from its own generator; the agent decides when the search ends.
        self.algorithm.setup(
            require("pymoo.core.problem", "mo").Problem(n_var=size, n_obj=self.goals, xl=-bound, xu=bound),
            seed=int(self.random.integers(2**31)),
            termination=require("pymoo.core.termination", "mo").NoTermination(),
            verbose=False,
        )
        self.offspring: Any = None
        self._breed()

    @property
    @abstractmethod
    def goals(self) -> int:
        """The number of costs that pymoo minimises."""

    @abstractmethod
    def make(self, population: int) -> Any:
        """Make pymoo's algorithm.

        Args:
            population: p, the number of individuals that survive a generation.
        """

    @abstractmethod
    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, goals) the costs that pymoo minimises.

        Args:
            value: (p, M) float64, the mean objectives of each individual.
        """

    @property
    def front(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Genomes (f, v) and mean objectives (f, M) of the individuals that no other individual dominates."""
        value = self.fitness.value
        better = (value[:, None] >= value).all(axis=2) & (value[:, None] > value).any(axis=2)
        first = ~better.any(axis=0) & (self.fitness.shown > 0)
        return self.genomes[first], value[first]

    @property
    def chosen(self) -> int:
        """The individual with the best weighted sum of mean objectives, by the scalarizer's current weights."""
        value = self.fitness.value
        known = self.fitness.shown > 0
        return int(np.where(known, np.where(known[:, None], value, 0) @ self.weights, -np.inf).argmax())

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """As `Agent.act`: choose slates by the individuals whose turn it is, or after the search by the chosen individual."""
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        n = len(observation)
        which = self.fitness.assign(n) if self.searching else np.full(n, self.chosen)
        decision = self.encoding.decide(observation, self.genomes, which, self.searching, mask)
        self.last_turn = (which, decision.slate.copy())
        return decision

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose slates by randomly drawn individuals, without using up turns; after the search, by the chosen individual."""
        observation = self._checked(observation)
        n = len(observation)
        which = self.random.integers(len(self.genomes), size=n) if self.searching else np.full(n, self.chosen)
        return self.encoding.decide(observation, self.genomes, which, self.searching, allowed)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, 0 or 1.

        Raises:
            NotImplementedError: the search has not ended.
        """
        if self.searching:
            raise unknown(self, "its individuals take turns during the search: use it after the search")
        return ranked(self.best(observation, allowed), slate, 0.0, self.problem.choices)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of the chosen individual."""
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        return self.encoding.decide(observation, self.genomes, np.full(len(observation), self.chosen), False, mask).slate

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Credit the individuals that served the rows; slates of another agent are learned only by the Thompson sampler."""
        observation, decision = self._checked_step(observation, decision, feedback)
        last = self.last_turn
        which = last[0] if last is not None and np.array_equal(last[1], decision.slate) else None
        self.fitness.credit(which, feedback)
        self.last_turn = None
        self.encoding.learn(observation, decision, feedback)
        if self.searching and self.fitness.completed.min() >= self.slates_per_individual:
            self._survive()

    def _breed(self) -> None:
        """Make the next offspring and evaluate it together with the parents."""
        parents, self.offspring = self.algorithm.pop, self.algorithm.ask()
        if self.offspring is None or len(self.offspring) == 0:  # pymoo cannot make new individuals
            self.searching = False
            return
        self._evaluate(list(self.offspring) if parents is None else [*parents, *self.offspring])

    def _survive(self) -> None:
        """Give pymoo the costs of all individuals, which selects the survivors."""
        for individual, cost, total, shown in zip(
            self.individuals, self.costs(self.fitness.value), self.fitness.total, self.fitness.shown, strict=True
        ):
            individual.set("F", cost)
            individual.data |= {"total": total * self.carry_over, "shown": shown * self.carry_over}
        self.algorithm.tell(infills=self.offspring)
        self.generations_left -= 1
        if self.generations_left:
            self._breed()
        else:
            self.searching = False
            self._evaluate(list(self.algorithm.pop))

    def _evaluate(self, individuals: list[Any]) -> None:
        """Start a generation of these individuals; new individuals get a number."""
        for individual in individuals:
            if not individual.has("number"):
                total = np.zeros(len(self.problem.objective_names))
                individual.data |= {"number": self.next_number, "total": total, "shown": 0.0}
                self.next_number += 1
        self.individuals = sorted(individuals, key=lambda individual: individual.get("number"))
        self.genomes = np.array([individual.X for individual in self.individuals], np.float64)
        number, total, shown = (
            np.array([individual.get(name) for individual in self.individuals]) for name in ("number", "total", "shown")
        )
        self.fitness.begin(number, total, shown)


class NSGA2(Evolution):
    """NSGA-II: searches for the whole Pareto front, and serves the individual that is best for the scalarizer's weights.

    Deb, Pratap, Agarwal, Meyarivan, IEEE Transactions on Evolutionary Computation 6, 2002; with simulated binary crossover and
    polynomial mutation. Every objective is maximised. When the weights change, another individual of the front may serve.

    Args:
        crossover: probability that two parents are crossed.
        mutation: probability that a number of an offspring mutates; None: one number per genome on average.
        options: options of `Evolution`.
    """

    name = "nsga2"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        crossover: Share = 0.9,
        mutation: Share | None = None,
        **options: Any,
    ) -> None:
        self.crossover, self.mutation = crossover, mutation
        super().__init__(problem, seed, scalarizer, **options)

    @property
    @override
    def goals(self) -> int:
        return len(self.problem.objective_names)

    def make(self, population: int) -> Any:
        """Make pymoo's NSGA-II, with pymoo's defaults except for the probabilities."""
        crossover = require("pymoo.operators.crossover.sbx", "mo").SBX(eta=15, prob=self.crossover)
        mutation = require("pymoo.operators.mutation.pm", "mo").PM(eta=20, prob_var=self.mutation)
        kind = require("pymoo.algorithms.moo.nsga2", "mo").NSGA2
        return kind(pop_size=population, crossover=crossover, mutation=mutation)

    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, M) the negative mean objectives."""
        return -value


class ParticleSwarm(Evolution):
    """A particle swarm: searches for the single policy whose mean objectives have the highest utility.

    Kennedy, Eberhart, ICNN 1995, with adaptive inertia and acceleration (Zhan, Zhang, Li, Chung, IEEE Transactions on Systems,
    Man, and Cybernetics B 39, 2009). The parent of each particle is its best position so far. The utility is that of a single
    policy's mean objectives. A mixture of policies can have a higher utility; after the search, the choice by the scalarizer's
    weights finds such mixtures among the policies of the swarm.

    Args:
        inertia: initial share of its velocity that a particle keeps.
        cognitive: initial acceleration towards the particle's own best position.
        social: initial acceleration towards the swarm's best position.
        options: options of `Evolution`.
    """

    name = "pso"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        inertia: NonNegative = 0.9,
        cognitive: NonNegative = 2.0,
        social: NonNegative = 2.0,
        **options: Any,
    ) -> None:
        self.coefficients = {"w": inertia, "c1": cognitive, "c2": social}  # pymoo's names
        super().__init__(problem, seed, scalarizer, **options)

    @property
    @override
    def goals(self) -> int:
        return 1

    def make(self, population: int) -> Any:
        """Make pymoo's particle swarm."""
        return require("pymoo.algorithms.soo.nonconvex.pso", "mo").PSO(pop_size=population, **self.coefficients)

    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, 1) the negative utility of the mean objectives."""
        return -np.array([[self.scalarizer.utility(objectives)] for objectives in value])


def check_share(name: str, number: float) -> None:
    """Check a probability or another share.

    Raises:
        ValueError: the number is not from 0 to 1.
    """
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {number}: expected a number from 0 to 1")
