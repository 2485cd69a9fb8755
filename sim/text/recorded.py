"""A scorer that keeps the answers of another scorer in a file, and limits the number of questions."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from slategym.sim.text.scorer import Question, Scores, TextScorer, checked_scores
from slategym.utils.checked import checked
from slategym.utils.ranges import Whole
from slategym.utils.storage.files import WriteError, make_folder, own_folder
from slategym.utils.storage.fingerprint import fingerprint


class Recorded:
    """A scorer whose answers are kept in a file, so that no question is asked twice.

    The file has a line for each answer: `{"history": [...], "candidates": [...], "scores": [...]}`. It may also contain answers
    that were recorded elsewhere; incomplete or malformed lines are ignored.

    Args:
        path: the path of the file, which need not exist yet. None: a file in `~/.cache/slategym/scores`, named after the scorer's
            `identity`, or no file if it has none.
        scorer: answers the questions that the file does not answer; None: they stay unanswered.
        budget: the largest number of questions for the scorer; None for no limit.

    Raises:
        FileNotFoundError: there is neither a scorer nor such a file.

    If the object is saved and loaded, its counts and its budget start again.
    """

    @checked
    def __init__(self, path: str | Path | None = None, scorer: TextScorer | None = None, budget: Whole | None = None) -> None:
        if scorer is None and (path is None or not Path(path).is_file()):
            raise FileNotFoundError(f"{path}: there is no such file; expected recorded answers, a JSON object on each line")
        identity = getattr(scorer, "identity", None)
        own = None if identity is None else own_folder() / "scores" / f"{fingerprint(str(identity))}.jsonl"
        self.path = None if path is None and own is None else str(path or own)
        self.scorer, self.budget = scorer, budget

    @cached_property
    def counts(self) -> Counter[str]:
        """The number of questions "asked" of the scorer, "kept" (answered by the file) and "unanswered" for any reason."""
        return Counter()

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Return the kept answers, and new ones within the budget.

        Args:
            questions: any number of questions.
        """
        answers = self._answers
        # A question that occurs several times is asked once.
        missing = list(dict.fromkeys(question for question in questions if question not in answers))
        self.counts["kept"] += sum(question in answers for question in questions)
        room = len(missing) if self.budget is None else max(self.budget - self.counts["asked"], 0)
        fresh = missing[:room] if self.scorer is not None else []
        if fresh and self.scorer is not None:
            self.counts["asked"] += len(fresh)
            for question, given in zip(fresh, self.scorer.score(fresh), strict=True):
                scores = checked_scores(given, len(question.candidates))
                if scores is not None:
                    answers[question] = scores
                    self._write(question, scores)
        found = [answers.get(question) for question in questions]
        self.counts["unanswered"] += sum(scores is None for scores in found)
        return found

    @cached_property
    def _answers(self) -> dict[Question, Scores]:
        """The answers so far, by question; a cached property, so not saved with the object."""
        content = b""
        if self.path is not None:
            with suppress(FileNotFoundError):
                content = Path(self.path).read_bytes()
        return dict(answer for line in content.splitlines() if (answer := _answer(line)) is not None)

    def _write(self, question: Question, scores: Scores) -> None:
        """Append an answer in a single write, so that lines of several processes do not mix; disk errors are ignored."""
        if self.path is None:
            return
        line = json.dumps({**question._asdict(), "scores": scores}, ensure_ascii=False) + "\n"
        with suppress(WriteError, OSError):
            make_folder(Path(self.path).parent)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(file, line.encode("utf-8"))
            finally:
                os.close(file)


def _answer(line: bytes) -> tuple[Question, Scores] | None:
    """The question and the scores of a line; None if it is malformed."""
    try:
        content = json.loads(line)
        question = Question(*(tuple(map(str, content[part])) for part in Question._fields))
        scores = checked_scores(content["scores"], len(question.candidates))
    except (ValueError, KeyError, TypeError):
        return None
    return None if scores is None else (question, scores)
