"""Evolutionary search while shoppers come: NSGA-II and particle swarms, by pymoo."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.evolution.fitness import Fitness
from slategym.agents.evolution.genomes import Encoding, SlateEncoding, WeightEncoding
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.feedback import Feedback
from slategym.utils.optional import require

Search = Literal["weights", "slates"]
SEARCHES = ("weights", "slates")


class Evolution(Agent):
    """What evolutionary agents share: a population of policies is shown to the shoppers, generation after generation.

    In each generation the parents and their offspring take turns to serve equal shares of the same rows (see `Fitness`), until
    every one of them was shown in `trials` slates. Then pymoo says who survives and makes the next offspring. Parents are
    judged again with every generation, and what they earned before counts less each time, so that nobody survives by one lucky
    day. After the last generation the individual that the scalarizer's weights like best serves everybody, and is judged on.

    While it searches for slates its propensities are exact, but among candidates; while it searches for weights they are NaN.

    Args:
        search: "weights", how to mix the models of a linear Thompson sampler, which know the shopper; or "slates" themselves, one
            for everybody.
        population: p, how many survive a generation; twice as many are shown.
        generations: after which the search is over.
        trials: slates in which each individual is shown per generation.
        memory: what a slate of the generation before counts beside one of this, 0 to 1.

    Raises:
        ValueError: an option is not as described.
        ImportError: pymoo is not installed.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        search: Search = "weights",
        population: int = 12,
        generations: int = 10,
        trials: int = 200,
        memory: float = 0.5,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        if search not in SEARCHES:
            raise ValueError(f"search is {search!r}: expected {' or '.join(map(repr, SEARCHES))}")
        for name, number, least in (("population", population, 4), ("generations", generations, 1), ("trials", trials, 1)):
            if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
                raise ValueError(f"{name} is {number!r}: expected a whole number from {least}")
        share("memory", memory)
        self.left, self.trials, self.memory = generations, trials, memory  # left: generations to come
        self.encoding: Encoding = SlateEncoding(problem) if search == "slates" else WeightEncoding(problem, self.seed)
        self.fitness = Fitness(problem, self.random)
        self.searching, self.born = True, 0  # how many individuals there have been
        self.waiting: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None  # who served each row, and the slates
        bound, size = self.encoding.bound, self.encoding.size
        self.algorithm = self.make(population)
        # pymoo draws from a generator of its own; it ends when we say so.
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
        """How many numbers pymoo makes small."""

    @abstractmethod
    def make(self, population: int) -> Any:
        """Pymoo's algorithm."""

    @abstractmethod
    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, goals) what pymoo makes small, for mean objectives (p, M)."""

    @property
    def front(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Genomes (f, v) of the present individuals that no other one dominates, and what they earn (f, M)."""
        value = self.fitness.value
        better = (value[:, None] >= value).all(axis=2) & (value[:, None] > value).any(axis=2)
        first = ~better.any(axis=0) & (self.fitness.shown > 0)
        return self.genomes[first], value[first]

    @property
    def chosen(self) -> int:
        """The individual that the scalarizer's weights, at the agent's present value, like best."""
        value = self.fitness.value
        known = self.fitness.shown > 0
        return int(np.where(known, np.where(known[:, None], value, 0) @ self.weights, -np.inf).argmax())

    def act(self, observation: Observation) -> Decision:
        """Slates by the individuals whose turn it is; after the search by the chosen one."""
        observation = self._checked(observation)
        n = len(observation)
        which = self.fitness.assign(n) if self.searching else np.full(n, self.chosen)
        decision = self.encoding.decide(observation, self.genomes, which, self.searching)
        self.waiting = (which, decision.slate.copy())
        return decision

    def choose(self, observation: Observation) -> Decision:
        """As `act`, beside the turns: each row is served by an individual drawn at random."""
        observation = self._checked(observation)
        n = len(observation)
        which = self.random.integers(len(self.genomes), size=n) if self.searching else np.full(n, self.chosen)
        return self.encoding.decide(observation, self.genomes, which, self.searching)

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the slates of the chosen individual."""
        observation = self._checked(observation)
        return self.encoding.decide(observation, self.genomes, np.full(len(observation), self.chosen), False).slate

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Credit the individuals that served; slates of another agent teach the sampler alone."""
        observation, decision = self._checked_step(observation, decision, feedback)
        mine = self.waiting is not None and np.array_equal(self.waiting[1], decision.slate)
        self.fitness.credit(self.waiting[0] if mine and self.waiting else None, feedback)
        self.waiting = None
        self.encoding.learn(observation, decision, feedback)
        if self.searching and self.fitness.settled.min() >= self.trials:
            self._survive()

    def _breed(self) -> None:
        """The next offspring, beside their parents."""
        parents, self.offspring = self.algorithm.pop, self.algorithm.ask()
        if self.offspring is None or len(self.offspring) == 0:  # no new one can be made
            self.searching = False
            return
        everybody = list(self.offspring) if parents is None else [*parents, *self.offspring]
        self._hold(everybody)

    def _survive(self) -> None:
        """Tell pymoo what everybody earned."""
        for individual, cost, total, shown in zip(
            self.individuals, self.costs(self.fitness.value), self.fitness.total, self.fitness.shown, strict=True
        ):
            individual.set("F", cost)
            individual.data |= {"total": total * self.memory, "shown": shown * self.memory}
        self.algorithm.tell(infills=self.offspring)
        self.left -= 1
        if self.left:
            self._breed()
        else:
            self.searching = False
            self._hold(list(self.algorithm.pop))

    def _hold(self, individuals: list[Any]) -> None:
        for each in individuals:
            if not each.has("number"):
                each.data |= {"number": self.born, "total": np.zeros(len(self.problem.objective_names)), "shown": 0.0}
                self.born += 1
        self.individuals = sorted(individuals, key=lambda each: each.get("number"))
        self.genomes = np.array([each.X for each in self.individuals], np.float64)
        self.fitness.begin(*(np.array([each.get(name) for each in self.individuals]) for name in ("number", "total", "shown")))


class NSGA2(Evolution):
    """NSGA-II: looks for the whole front at once, and serves from it what the scalarizer's weights ask for.

    Deb, Pratap, Agarwal, Meyarivan, IEEE Transactions on Evolutionary Computation 6, 2002; with simulated binary crossover and
    polynomial mutation. More of every objective counts as better. When the weights move, another individual of the front serves.

    Args:
        crossover: the probability that two parents are crossed.
        mutation: the probability that a number of an offspring mutates; one in a genome on average, if None.
    """

    name = "nsga2"

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        search: Search = "weights",
        population: int = 12,
        generations: int = 10,
        trials: int = 200,
        memory: float = 0.5,
        crossover: float = 0.9,
        mutation: float | None = None,
    ) -> None:
        share("crossover", crossover)
        share("mutation", 0.0 if mutation is None else mutation)
        self.crossover, self.mutation = crossover, mutation
        super().__init__(
            problem,
            seed,
            scalarizer,
            search=search,
            population=population,
            generations=generations,
            trials=trials,
            memory=memory,
        )

    @property
    def goals(self) -> int:
        """M."""
        return len(self.problem.objective_names)

    def make(self, population: int) -> Any:
        """Pymoo's NSGA-II with its own defaults but for the probabilities."""
        crossover = require("pymoo.operators.crossover.sbx", "mo").SBX(eta=15, prob=self.crossover)
        mutation = require("pymoo.operators.mutation.pm", "mo").PM(eta=20, prob_var=self.mutation)
        kind = require("pymoo.algorithms.moo.nsga2", "mo").NSGA2
        return kind(pop_size=population, crossover=crossover, mutation=mutation)

    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """The objectives, less of which is worse."""
        return -value


class ParticleSwarm(Evolution):
    """A particle swarm: looks for the one policy whose mean objectives have the highest utility.

    Kennedy, Eberhart, ICNN 1995, with inertia and pulls that adapt (Zhan, Zhang, Li, Chung, IEEE Transactions on Systems,
    Man, and Cybernetics B 39, 2009). Each particle's best place so far is its parent. The utility is that of the average of what
    a policy earns; a mixture of policies can have a higher one, which the choice by the scalarizer's weights, once the search is
    over, finds among what the swarm holds.

    Args:
        inertia: how much of its speed a particle keeps, at first.
        cognitive: the pull of its own best place, at first.
        social: the pull of the swarm's, at first.
    """

    name = "pso"

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        search: Search = "weights",
        population: int = 12,
        generations: int = 10,
        trials: int = 200,
        memory: float = 0.5,
        inertia: float = 0.9,
        cognitive: float = 2.0,
        social: float = 2.0,
    ) -> None:
        for name, number in (("inertia", inertia), ("cognitive", cognitive), ("social", social)):
            if not 0 <= number < np.inf:
                raise ValueError(f"{name} is {number}: expected a number of at least 0")
        self.pulls = {"w": inertia, "c1": cognitive, "c2": social}
        super().__init__(
            problem,
            seed,
            scalarizer,
            search=search,
            population=population,
            generations=generations,
            trials=trials,
            memory=memory,
        )

    @property
    def goals(self) -> int:
        """One."""
        return 1

    def make(self, population: int) -> Any:
        """Pymoo's particle swarm."""
        return require("pymoo.algorithms.soo.nonconvex.pso", "mo").PSO(pop_size=population, **self.pulls)

    def costs(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """The utility of the mean objectives, less of which is worse."""
        return -np.array([[self.scalarizer.utility(each)] for each in value])


def share(name: str, number: float) -> None:
    """Check a probability, or another share of one."""
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {number}: expected a number from 0 to 1")
