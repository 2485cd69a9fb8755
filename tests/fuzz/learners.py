"""The cases of `slategym.agents`, and of the log: every agent, and what agents are made of."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tests.fuzz.case import Case, Subject, defined
from tests.fuzz.hostile import Indices, decision, delayed, feedback, numbers
from tests.fuzz.shop import ALL, RANDOM, SLATE, C, G, K, M, N, arrived, but_shapes, of, or_none, world
from tests.fuzz.variants import fewer, halved, only, scores

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.choosing.exploration import draw_left, explore
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.delayed_feedback import DelayedFeedbackBuffer
from slategym.agents.common.history import DecisionHistory
from slategym.agents.evolution.fitness import Fitness
from slategym.agents.evolution.genomes import SlateEncoding, WeightEncoding
from slategym.agents.linear.hybrid import HybridModel
from slategym.agents.linear.statistics import LinearSums, Shopper
from slategym.agents.policy_gradient.plackett_luce import gradient, log_propensity
from slategym.agents.registry import make_agent
from slategym.agents.wrapping import Wrapper
from slategym.bench.execution.log_writer import LogWriter
from slategym.sim.simulation import Simulation

# Each with the library that it needs, and options that make it small.
AGENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("random", "", {}),
    ("popularity", "", {}),
    ("epsilon-greedy", "", {}),
    ("bandit:beta-ts", "", {}),
    ("bandit:ucb1", "", {"window": 30, "halflife": 50.0, "restarts": True}),
    ("bandit:exp3", "", {}),
    ("ranking:pbm-ts", "", {}),
    ("ranking:ranked-ts", "", {}),
    ("ranking:ranked-ucb1", "", {}),
    ("lin-ucb", "", {}),
    ("lin-ts", "", {}),
    ("lin-epsilon-greedy", "", {}),
    ("logistic-ts", "", {"replay": 20, "batch_size": 8}),
    ("logistic-ucb", "", {"window": 30, "halflife": 50.0, "restarts": True, "batch_size": 8}),
    ("lookahead:lin-ts", "", {"share": 0.5}),
    ("crosses:lin-ts", "", {}),
    ("fusion:mean", "", {"agents": "popularity+lin-ts"}),
    ("fusion:bandit", "", {"agents": "lin-ucb+random"}),
    ("text-reranker:lin-ts", "", {"share": 0.5}),
    ("mmr:lin-ts", "", {"top": 6}),
    ("square-cb:lin-ts", "", {"rate": 2.0}),
    ("dpp:popularity", "", {"likeness": "features"}),
    ("policy-gradient", "", {"batch_size": 6, "hidden": 4, "width": 4}),
    ("conditioned-policy-gradient", "", {"batch_size": 6, "hidden": 4, "width": 4}),
    ("actor-critic", "", {"batch_size": 6, "hidden": 4, "width": 4, "memory": "gru", "history": 3, "discount": 0.5}),
    ("ppo", "", {"batch_size": 6, "hidden": 4, "width": 4}),
    ("predictor:mlp", "", {"hidden": 4, "width": 2, "batch_size": 8}),
    ("slateq:network", "", {"hidden": 4, "width": 2, "batch_size": 8, "horizon": 2}),
    ("slateq:tabular", "", {"horizon": 2}),
    ("recommender:item-knn", "", {"min_impressions": 1}),
    ("oracle", "", {}),
    ("sb3:PPO", "", {"n_steps": 64, "batch_size": 64}),
    ("nsga2", "pymoo", {"population": 4, "slates_per_individual": 50}),
    ("pso", "pymoo", {"population": 4, "slates_per_individual": 50, "search": "slates"}),
    ("sklearn:SGDRegressor", "sklearn", {}),
    ("river:BayesianLinearRegression", "river", {}),
    ("mabwiser:LinUCB", "mabwiser", {}),
    ("vowpal-wabbit", "vowpalwabbit", {}),
)
# Those that `more_learners` leaves to this module; their answers to unusual but legal input are compared too.
QUICK = ("popularity", "lin-ts", "policy-gradient")
LONGEST = 7


def cases() -> Iterator[Case]:
    for candidates in (None, C):
        yield from agents(lambda name: name in QUICK, candidates)
        yield from _parts(candidates)
    yield from _items()
    yield from _log()


def agents(chosen: Callable[[str], bool], candidates: int | None) -> Iterator[Case]:
    """The cases of some agents."""
    for name, library, options in AGENTS:
        if chosen(name) and (not library or find_spec(library)):
            yield from _agent(name, candidates, options)


def observed(candidates: int | None) -> Any:
    """What an observation is."""
    place = world(candidates)
    return numbers(place.layout["candidates"] if candidates else None, M)


def answered(candidates: int | None) -> Any:
    """What an answer is."""
    return feedback(N, K, M, LONGEST, observed(candidates))


@lru_cache
def begun(name: str, candidates: int | None, options: tuple[tuple[str, Any], ...]) -> Callable[[], tuple[Agent, Simulation]]:
    def make() -> tuple[Agent, Simulation]:
        simulation = Simulation(world(candidates), 0, N)
        agent = make_agent(name, simulation, 0, **dict(options))
        steps = LONGEST + 2 if ":" in name and "PPO" not in name else 2  # until the first impressions are settled
        for _ in range(steps):
            observation = simulation.observe()
            shown = agent.act(observation)
            agent.update(observation, shown, simulation.step(shown.slate)[0])
        return agent, simulation

    return make


def _agent(name: str, candidates: int | None, options: dict[str, Any]) -> Iterator[Case]:
    make = begun(name, candidates, tuple(options.items()))
    label = f"{name} candidates" if candidates else name
    sample = make_agent(name, Simulation(world(candidates), 0, N), **options)
    kind = type(sample)
    choices = C if candidates else M

    def sees(method: str) -> Subject:
        agent, simulation = make()
        return Subject(getattr(agent, method), {"observation": simulation.observe()}, lambda: (agent,))

    def learns(method: str) -> Subject:
        agent, simulation = make()
        observation = simulation.observe()
        shown = agent.act(observation)
        # Known, so that what is no probability can be told from what is not known.
        answer = replace(simulation.show(shown.slate), delayed=arrived())
        return Subject(
            getattr(agent, method), {"observation": observation, "decision": shown, "feedback": answer}, lambda: (agent,)
        )

    quick = name in QUICK and candidates is None
    for method in ("act", "choose", "best", "predict"):
        watched = observed(candidates)
        if method == "predict":
            watched = _but(watched, "one row")
        yield Case(defined(kind, method), partial(sees, method), {"observation": watched}, of=label, legal=quick)
    for method in ("scores", "estimates"):
        if getattr(kind, method) is not getattr(Agent, method):
            yield Case(defined(kind, method), partial(sees, method), {"observation": observed(candidates)}, of=label, legal=False)
    if sample.propensities_are != "unknown":

        def asked() -> Subject:
            agent, simulation = make()
            observation = simulation.observe()
            good = {"observation": observation, "slate": agent.best(observation)}
            return Subject(partial(agent.propensities, draws=3), good, lambda: (agent,))

        takes = {"observation": observed(candidates), "slate": Indices(choices, (True, True))}
        yield Case(defined(kind, "propensities"), asked, takes, of=label, legal=False)
    if type(_innermost(sample)).explain is not Agent.explain:

        def explains() -> Subject:
            agent, simulation = make()
            observation = simulation.observe()
            good = {"observation": observation, "slate": agent.best(observation)}
            return Subject(agent.explain, good, lambda: (agent,))

        fuzzed = {"observation": observed(candidates), "slate": Indices(choices, (True, True))}
        yield Case(defined(kind, "explain"), explains, fuzzed, of=label, legal=False)
    three = {"observation": observed(candidates), "decision": decision(choices), "feedback": answered(candidates)}
    for method in ("update", "learn"):
        if defined(kind, method) != "slategym.agents.base.Agent.learn":
            yield Case(defined(kind, method), partial(learns, method), three, of=label, legal=quick and method == "update")


def _innermost(agent: Agent) -> Agent:
    """The agent that wrappers pass questions on to."""
    return _innermost(agent.agent) if isinstance(agent, Wrapper) else agent


def _but(kind: Any, *labels: str) -> Any:
    """Without those whose name begins so."""

    def variants(good: Any) -> Iterator[tuple[str, bool, Any]]:
        return ((label, legal, value) for label, legal, value in kind(good) if not label.startswith(labels))

    return variants


def _step(candidates: int | None) -> dict[str, Any]:
    simulation = Simulation(world(candidates), 0, N)
    observation = simulation.observe()
    slate = SLATE % (C if candidates else M)
    answer = replace(simulation.show(slate), delayed=arrived())
    return {"observation": observation, "decision": Decision(slate, np.full((N, K), 0.5, np.float32)), "feedback": answer}


def _parts(candidates: int | None) -> Iterator[Case]:
    label = "candidates" if candidates else ""
    problem, step = Problem.of(world(candidates)), _step(candidates)
    choices = C if candidates else M
    seen = {"observation": step["observation"]}
    sees, shows = observed(candidates), Indices(choices, (True, True))
    arguments = {**seen, "slate": step["decision"].slate}
    width = _but(sees, "NaN", "inf", "-inf", "candidate", "dtype", "object", "array of", "ragged", "text", "dictionary")
    yield of(defined(Problem, "seen"), problem.seen, seen, {"observation": width}, of=label, legal=False)
    if candidates:
        yield of(
            defined(Problem, "candidates_in"), problem.candidates_in, seen, {"observation": _but(sees, "inf", "-inf")}, of=label
        )
        kinds = {"observation": _but(sees, "inf", "-inf"), "slate": shows}
        yield of(defined(Problem, "shown"), problem.shown, arguments, kinds, of=label)
    else:
        yield of(defined(Problem, "shown"), problem.shown, arguments, {"slate": shows}, of=label, beside=("observation",))
        yield of(defined(Problem, "candidates_in"), problem.candidates_in, seen, {}, of=label, beside=("observation",))

    three = {"observation": sees, "decision": decision(choices), "feedback": answered(candidates)}

    def settled() -> Subject:
        thing = DelayedFeedbackBuffer(problem)
        return Subject(thing, step, lambda: (thing,))

    yield Case(defined(DelayedFeedbackBuffer, "__call__"), settled, three, of=label)
    genomes = RANDOM.uniform(-1, 1, (4, 40))
    for kind in (SlateEncoding, WeightEncoding):

        def decides(kind: Any = kind) -> Subject:
            encoding = kind(problem) if kind is SlateEncoding else kind(problem, 0)
            call = partial(encoding.decide, genomes=genomes[:, : encoding.size], exploring=False)
            return Subject(call, {**seen, "which": np.arange(N) % 4}, lambda: (encoding,))

        yield Case(defined(kind, "decide"), decides, {"observation": sees, "which": Indices(4, (True,))}, of=label)

    def mixes() -> Subject:
        encoding = WeightEncoding(problem, 0)
        return Subject(encoding.learn, step, lambda: (encoding,))

    yield Case(defined(WeightEncoding, "learn"), mixes, three, of=label, legal=False)

    def credits() -> Subject:
        fitness = Fitness(problem, np.random.default_rng(0))
        fitness.begin(np.arange(4), np.zeros((4, 2)), np.zeros(4))
        return Subject(fitness.credit, {"which": np.arange(N) % 4, "feedback": step["feedback"]}, lambda: (fitness,))

    yield Case(
        defined(Fitness, "credit"),
        credits,
        {"which": or_none(Indices(4, (True,))), "feedback": answered(candidates)},
        of=label,
    )
    for name in ("lin-ts", "sklearn:SGDRegressor", "mabwiser:LinUCB"):
        if name != "lin-ts" and not find_spec(name.partition(":")[0]):
            continue
        make = begun(name, candidates, ())
        agent, _ = make()
        reads = "shopper" if name == "lin-ts" else "context"
        yield of(defined(agent, reads), getattr(agent, reads), seen, {"observation": sees}, of=label)
        if name == "lin-ts":
            continue
        context = agent.context(step["observation"])
        rewards = np.zeros((N, K), np.float32)

        def teaches(make: Any = make, context: Any = context, rewards: Any = rewards) -> Subject:
            agent, _ = make()
            return Subject(partial(agent.teach, agent.models[0], context, outcome=rewards), {"items": SLATE})

        yield Case(defined(agent, "teach"), teaches, {"items": Indices(M, (True, False))}, of=label)
        if candidates:
            offered = problem.candidates_in(step["observation"])
            call = partial(agent.predicted, agent.models[0], context)
            kind = or_none(Indices(M, (True, name.startswith("sklearn"))))
            yield of(defined(agent, "predicted"), call, {"candidates": offered}, {"candidates": kind}, of=label)
    yield from _inputs(candidates, problem, step, label)


def _inputs(candidates: int | None, problem: Problem, step: dict[str, Any], label: str) -> Iterator[Case]:
    if not find_spec("slategym.agents.common.inputs"):
        return
    from slategym.agents.common import inputs

    choices = C if candidates else M
    for name, argument, kind in (
        ("check_observation", "observation", observed(candidates)),
        ("check_decision", "decision", decision(choices)),
        ("check_feedback", "feedback", answered(candidates)),
    ):
        more = {} if name == "check_observation" else {"count": N}
        call = partial(getattr(inputs, name), problem, **more)
        yield of(f"slategym.agents.common.inputs.{name}", call, {argument: step[argument]}, {argument: kind}, of=label)
    shown, seen = {"slate": step["decision"].slate}, {"observation": step["observation"]}
    kind: Any = Indices(choices, (True, True))
    yield of(f"{inputs.__name__}.check_shown", partial(inputs.check_shown, problem, count=N), shown, {"slate": kind}, of=label)
    kind = _but(observed(None), "NaN", "inf", "-inf", "dtype")
    yield of(f"{inputs.__name__}.check_seen", partial(inputs.check_seen, problem), seen, {"observation": kind}, of=label)
    if candidates:
        kind = _but(observed(candidates), "inf", "-inf")
        yield of(f"{inputs.__name__}.offered", partial(inputs.offered, problem), seen, {"observation": kind}, of=label)


def _items() -> Iterator[Case]:
    problem, step = Problem.of(world(objectives=ALL)), _step(None)
    answer = Simulation(world(objectives=ALL), 0, N).show(SLATE)
    outcomes = ItemCredit(problem)
    exact = Indices(M, (True, True))
    yield of(
        defined(ItemCredit, "__call__"), outcomes, {"items": SLATE, "feedback": answer}, {"items": exact}, beside=("feedback",)
    )
    of_item = only(delayed(N, K, M, LONGEST), "item", "row")
    arguments = {"delayed": arrived(), "feedback": answer}
    yield of(defined(ItemCredit, "delayed"), outcomes.delayed, arguments, {"delayed": of_item}, beside=("feedback",))

    def remembers(method: str) -> Subject:
        history = DecisionHistory(LONGEST)
        for _ in range(2):
            history.remember(step["observation"], step["decision"])
        arguments = {"delayed": arrived()} if method == "recall" else {name: step[name] for name in ("observation", "decision")}
        return Subject(getattr(history, method), arguments, lambda: (history,))

    # It does not know how many rows, ranks and items there are.
    big = _but(delayed(2**62, 2**62, 2**62, 2**61), "age: the size", "age: 2**40 times the size")
    yield Case(defined(DecisionHistory, "recall"), partial(remembers, "recall"), {"delayed": big})
    yield Case(defined(DecisionHistory, "remember"), partial(remembers, "remember"), {"decision": fewer, "observation": halved})

    popularity, _ = begun("popularity", None, ())()
    yield of(defined(popularity, "rates"), popularity.rates, {"items": SLATE}, {"items": but_shapes(or_none(exact))})

    features = RANDOM.normal(size=(M, 4)).astype(np.float32)
    context = RANDOM.normal(size=(N, 3)).astype(np.float32)
    pressure = RANDOM.normal(size=(N, G)).astype(np.float32)
    shopper = Shopper(context, pressure, world().catalog.category)
    yield of(defined(Shopper, "pressure_of"), shopper.pressure_of, {"items": SLATE}, {"items": Indices(M, (True, False))})
    rewards = RANDOM.random((N, K, 2)).astype(np.float32)
    for kind in (LinearSums, HybridModel):

        def adds(method: str, kind: Any = kind) -> Subject:
            more = {} if kind is LinearSums else {"ridge": 1.0, "item_ridge": 1.0}
            columns = 3 if kind is LinearSums else 2
            thing = kind(features, K, columns, True, 2, 0, **more)
            if method == "add":
                call, arguments = partial(thing.add, shopper, outcomes=rewards), {"slate": SLATE}
            else:
                call, arguments = partial(thing.add_delayed, shopper, outcomes=rewards[:, 0]), {"items": SLATE[:, 0].copy()}
            return Subject(call, arguments, lambda: (thing,))

        yield Case(defined(kind, "add"), partial(adds, "add"), {"slate": exact})
        yield Case(defined(kind, "add_delayed"), partial(adds, "add_delayed"), {"items": Indices(M, (True,))})
    score = RANDOM.normal(size=(N, M)).astype(np.float32)
    arguments = {"score": score, "slate": SLATE}
    kinds = {"slate": Indices(M, (True, False)), "score": scores}
    yield of("slategym.agents.policy_gradient.plackett_luce.log_propensity", log_propensity, arguments, kinds)
    call = partial(gradient, advantage=np.ones((N, K), np.float32), entropy=0.1)
    yield of("slategym.agents.policy_gradient.plackett_luce.gradient", call, arguments, {**kinds, "slate": exact})
    yield of(
        "slategym.agents.choosing.exploration.draw_left",
        lambda taken: draw_left(np.random.default_rng(0), taken, M),
        {"taken": SLATE},
        {"taken": Indices(M, (False, False))},
    )
    yield of(
        "slategym.agents.choosing.exploration.explore",
        lambda ranked: explore(np.random.default_rng(0), ranked, 0.5, M),
        {"ranked": SLATE},
        {"ranked": Indices(M, (False, False))},
    )


def _log() -> Iterator[Case]:
    folder = Path(tempfile.mkdtemp())
    for candidates in (None, C):

        def writes(candidates: int | None = candidates) -> Subject:
            path = Path(tempfile.mkdtemp(dir=folder)) / "log"  # locked as long as it is written
            writer = LogWriter(path, world(candidates), {}, observations=True)
            step = _step(candidates)
            call = partial(writer.write, 0, visit=np.zeros(N, np.int64), count=N)
            return Subject(call, {"identity": np.arange(N), **step}, lambda: (writer._waiting, writer._rows))

        kinds = {
            "identity": Indices(2**63, (True,)),
            "observation": observed(candidates),
            "decision": decision(C if candidates else M),
            "feedback": answered(candidates),
        }
        yield Case(defined(LogWriter, "write"), writes, kinds, of="candidates" if candidates else "", legal=False)
