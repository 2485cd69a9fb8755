"""Profiles: what is run, what is summed up, and what is refused."""

import json

import numpy as np
import pytest
from tests.bench.profiles.agents import Closed, Impatient

from slategym.agents.baselines import Popularity
from slategym.bench.jobs.failures import RunsFailedWarning
from slategym.bench.jobs.store import RunStore
from slategym.bench.profiles.level import Outcome
from slategym.bench.profiles.profile import DEFAULT_REFERENCES, plan_profile
from slategym.bench.profiles.tasks import TASKS


class Rigid(Popularity):
    """An agent whose items are those that it began with."""

    grow = Popularity.__mro__[1].grow  # the base class's own, which refuses


def numbers(result):
    return json.dumps({part: result[part] for part in ("tasks", "agents", "differences")})


@pytest.fixture(scope="module")
def planned():
    return plan_profile("popularity", references=["random"], tasks=["episode-value"], seeds=2, kept=True)


def test_scores_are_the_same_again_and_add_up(planned, tmp_path):
    result = planned.run(1)
    store = RunStore(tmp_path / "runs", None)
    store.prepare()
    assert numbers(planned.run(1, store=store)) == numbers(result)
    assert len(list((tmp_path / "runs").glob("*.run"))) == len(planned.runs) == 12
    again = planned.run(1, store=store)  # reads what is kept
    assert numbers(again) == numbers(result)
    assert (result["status"], result["runs"]) == ("finished", {"finished": 12, "asked": 12})
    found = result["agents"]["popularity"]
    task, levels = found["tasks"]["episode-value"], result["tasks"]["episode-value"]["levels"]
    assert [level["setting"] for level in levels] == [2, 4, 8]
    for level, known in zip(task["levels"], levels, strict=True):
        share = (level["value"]["mean"] - known["random"]) / (known["best"] - known["random"])
        assert level["score"]["mean"] == pytest.approx(share)
    assert task["score"]["mean"] == pytest.approx(np.mean([level["score"]["mean"] for level in task["levels"]]))
    assert found["score"] == task["score"]
    other = result["agents"]["random"]["tasks"]["episode-value"]
    gaps = [task["seeds"][seed] - other["seeds"][seed] for seed in ("0", "1")]
    assert result["differences"]["episode-value"]["random"]["difference"]["mean"] == pytest.approx(np.mean(gaps))


@pytest.mark.slow
def test_scores_do_not_depend_on_the_processes(planned):
    assert numbers(planned.run(2)) == numbers(planned.run(1))


def test_a_profile_has_all_tasks_levels_agents_and_seeds():
    whole = plan_profile("lin-ts", seeds=2)
    assert whole.config["references"] == [name for name in DEFAULT_REFERENCES if name != "lin-ts"]
    assert len(whole.runs) == 8 * 3 * 5 * 2
    assert whole.size == sum(10_500 if job.task == "satiation" else 10_000 for job in whole.runs)
    assert [job.seed for job in whole.runs] == sorted(job.seed for job in whole.runs)
    assert list(whole.config["frozen"]) == list(TASKS)
    assert whole.config["fingerprint"] != plan_profile("lin-ts", seeds=3).config["fingerprint"]


@pytest.mark.slow
def test_an_agent_that_cannot_do_a_task_does_the_others():
    planned = plan_profile(Rigid, references=["random"], tasks=["cold-start", "episode-value"], seeds=1)
    assert not [job for job in planned.runs if (job.name, job.task) == ("Rigid", "cold-start")]
    result = planned.run(1)
    assert list(result["agents"]["Rigid"]["tasks"]) == ["episode-value"]
    assert result["agents"]["Rigid"]["score"]["mean"] is None
    assert result["agents"]["random"]["score"]["mean"] is not None
    assert any("Rigid cannot do cold-start: the schedule of the world launches items" in note for note in result["notes"])
    with pytest.raises(ValueError, match="launches items"):
        plan_profile(Rigid, tasks=["cold-start"])
    assert not plan_profile(Closed, references=[], tasks=["cold-start"], seeds=1).config.get("refused")


class Broken(Impatient):
    """An agent that fails in its third step where conversions are delayed."""

    def learn(self, observation, decision, feedback):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 3 and self.problem.longest_delay == 2:
            raise RuntimeError("it broke")
        super().learn(observation, decision, feedback)


def test_a_run_that_fails_fails_alone():
    planned = plan_profile(Broken, references=[], tasks=["delay"], seeds=1)
    with pytest.warns(RunsFailedWarning, match="1 of 3 runs failed; the first was delay 2 Broken seed 0: RuntimeError: it broke"):
        result = planned.run(1)
    assert (result["status"], result["agents"]["Broken"]["tasks"]) == ("failed", {})  # no score without all levels


def test_it_stops_when_it_is_asked_to(planned):
    result = planned.run(1, stop=lambda: True)
    assert (result["status"], result["runs"]["finished"]) == ("interrupted", 0)
    assert result["agents"]["popularity"] == {"score": {"mean": None, "low": None, "high": None}, "tasks": {}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"agent": "lin-tz"}, "there is no agent 'lin-tz'. Did you mean 'lin-ts'"),
        ({"agent": "lin-ts", "references": ["radnom"]}, "there is no agent 'radnom'"),
        ({"agent": "lin-ts", "tasks": ["drfit"]}, "there is no task 'drfit'. Did you mean 'drift'"),
        ({"agent": "lin-ts", "tasks": ["drift", "drift"]}, "tasks name 'drift' twice"),
        ({"agent": "lin-ts", "references": ["random", "random"]}, "references name 'random' twice"),
        ({"agent": "lin-ts", "tasks": []}, "tasks is empty: expected at least one"),
        ({"agent": "lin-ts", "seeds": 0}, "seeds is 0"),
        ({"agent": "lin-ts:alhpa=1"}, "has no option 'alhpa'"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        plan_profile(**arguments)


def test_a_score_is_0_for_random_and_1_for_the_best():
    assert [Outcome(value, 2.0, 4.0).score for value in (2.0, 4.0, 3.0, 1.0)] == [0, 1, 0.5, -0.5]
