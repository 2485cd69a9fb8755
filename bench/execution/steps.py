"""The steps of a run: in each, an agent decides, shoppers answer, the agent learns, and the step is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from time import perf_counter
from typing import Any

import numpy as np

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.oracle import Oracle
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.recorder import Recorder
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.world import World

# Computes a decision from the agent, the number of the step, the observations (n, o), and further arguments of `act`.
Act = Callable[[Agent, int, Observation, Mapping[str, Any]], Decision]


def act_at_once(agent: Agent, step: int, observation: Observation, options: Mapping[str, Any]) -> Decision:
    """The decision for all shoppers together.

    Args:
        agent: the agent.
        step: the number of the step.
        observation: (n, o) float32.
        options: contains `allowed` if some items may not be shown.
    """
    return agent.act(observation, **options)


class Steps:
    """A run in progress.

    Args:
        env: the environment at the first step.
        agent: the agent of the run.
        recorder: the recorder of the run.
        log: where each slate is written, or None.
        act: the function that computes the decisions.

    Raises:
        ValueError: the agent cannot follow the schedule of the world.

    Attributes:
        done: the number of steps done.
    """

    def __init__(
        self, env: SlateVectorEnv, agent: Agent, recorder: Recorder, log: LogWriter | None, act: Act = act_at_once
    ) -> None:
        self.env, self.agent, self.recorder, self.log, self.act = env, agent, recorder, log, act
        self.world = env.simulation.world
        self.follows = check_follows(agent, self.world)
        self.done = 0
        self.observation = env.simulation.observe()

    def take(self) -> None:
        """Show a slate to each shopper."""
        env, agent, recorder, done, columns = self.env, self.agent, self.recorder, self.done, self.recorder.columns
        shown, stage = env.simulation.shoppers, env.simulation.world
        columns["weights"][done] = getattr(agent, "weights", np.nan)
        start = perf_counter()
        options = {"allowed": stage.allowed} if self.follows and stage.allowed is not None else {}
        decision = self.act(agent, done, self.observation, options)
        columns["seconds"][done] = columns["latency"][done] = perf_counter() - start

        recorder.evaluate(done, shown, decision.slate)
        items = stage.items(shown, decision.slate)
        who = {"identity": shown.identity.copy(), "visit": shown.visit.copy()}
        if "segment" in shown.traits:
            who["segment"] = shown.traits["segment"].copy()

        start = perf_counter()
        after, *_ = env.step(decision.slate)
        feedback = env.feedback
        if env.simulation.world.launched > stage.launched:  # the next observation may contain the new items
            agent.grow(Problem.of(env.simulation.world))
        agent.update(self.observation, decision, feedback)
        columns["seconds"][done] += perf_counter() - start

        recorder.record(done, who, items, feedback)
        if self.log:
            shoppers = who["identity"], who["visit"]
            self.log.write(done, *shoppers, self.observation, decision, feedback, int(recorder.slates[done]))
        self.observation = after
        self.done += 1

    def keep(self, checkpoints: Checkpoints) -> None:
        """Write a checkpoint.

        Args:
            checkpoints: the checkpoints of the run.
        """
        content = {
            "simulation": self.env.simulation.state(),
            "agent": self.agent,
            "record": self.recorder.state(self.done),
            "log": self.log.state() if self.log else None,
        }
        checkpoints.write(self.done, content, {"world": self.world})

    def resume(self, checkpoints: Checkpoints | None, steps: int | None = None) -> None:
        """Continue from the last usable checkpoint, or else from the start, where the content of the log is removed.

        Args:
            checkpoints: the checkpoints of the run, or None.
            steps: the number of steps of the checkpoint to use, of several; 0 for the start; by default the last usable one.
        """
        for content in checkpoints.read({"world": self.world}) if checkpoints else ():
            if steps is not None and content.get("step") != steps:
                continue
            try:
                if self.log:
                    self.log.restore(content["log"])
                self.recorder.restore(int(content["step"]), content["record"])
                self.env.simulation.restore(content["simulation"])
            except (ValueError, KeyError, TypeError) as error:  # the log lacks parts, or the run of the checkpoint had no log
                if checkpoints:
                    checkpoints.refused.append(str(error))
                continue
            self.done, self.agent = int(content["step"]), content["agent"]
            if attach := getattr(self.agent, "attach", None):  # custom agents may have only act and update
                attach(self.env.simulation)
            break
        else:
            self.recorder.begin()
            if self.log:
                self.log.restore({"parts": 0, "waiting": [], "rows": 0, "estimated": False})
        self.observation = self.env.simulation.observe()


def check_follows(agent: Agent, world: World) -> bool:
    """Whether an agent takes a mask of the items that can be shown; refuses agents that cannot follow the world's schedule.

    Args:
        agent: any agent.
        world: the world at its first step.

    Raises:
        ValueError: items are launched and the agent defines no `grow`, or items are retired and it takes no `allowed`.
    """
    name = getattr(agent, "name", type(agent).__name__)
    if world.launched < world.final.launched and getattr(type(agent), "grow", Agent.grow) is Agent.grow:
        raise ValueError(
            f"the schedule of the world launches items, but {name} cannot add items: expected an agent that defines grow(problem)"
        )
    # `Agent.act` calls `choose`; an agent that overrides `act` takes the mask itself.
    asked = agent.choose if getattr(type(agent), "act", None) is Agent.act else agent.act
    follows = "allowed" in signature(asked).parameters
    if world.final.allowed is not None and not follows and not isinstance(agent, Oracle):  # the oracle knows the world
        raise ValueError(
            f"the schedule of the world retires items, but {name} cannot leave out items: "
            "expected an agent that defines choose(observation, allowed=None)"
        )
    return follows
