"""A scorer that sends questions to a language model behind an HTTP endpoint. It contacts only an address that the user gives."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slategym.sim.text.scorer import Question, Scores, checked_scores
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Positive

KEY = "SLATEGYM_ENDPOINT_KEY"  # the environment variable of the key, if the endpoint requires one
LARGEST = 1_000_000  # size limit of an answer in bytes
GIVE_UP = 5  # successive failures after which no more questions are sent
INSTRUCTION = (
    "You rank products for a shopper of an online shop. You are given what is known of the shopper, the latest last, and a "
    "numbered list of products. Answer with a JSON array of one number from 0 to 10 for each product, in the order of the list, "
    "that says how likely the shopper is to click on it. Answer with the array alone."
)


class Endpoint:
    """Asks a language model, in OpenAI's format of chat completions, which most model servers accept.

    Each question is a separate request, at temperature 0. After an error, a time-out or an answer without a number for each
    candidate, the question has no scores; after five successive failures no more questions are sent, and a warning is issued.

    Args:
        url: the address of the interface, such as "http://127.0.0.1:8000/v1"; "/chat/completions" is added.
        model: the name of the model there.
        timeout: time limit of an answer in seconds.
        parallel: the number of simultaneous requests.

    Raises:
        ValueError: the address is invalid.
    """

    @checked
    def __init__(self, url: str, model: str = "default", timeout: Positive = 10.0, parallel: Count = 4) -> None:
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ValueError(f"url is {url!r}: expected an address such as http://127.0.0.1:8000/v1")
        if place.username or place.password:
            raise ValueError(f"the address of {place.hostname} has a password in it: set the environment variable {KEY} instead")
        self.url, self.model, self.timeout, self.parallel = url.rstrip("/"), model, float(timeout), parallel
        self.identity = f"endpoint 1, {self.url}, {model}"

    @cached_property
    def failures(self) -> Counter[str]:
        """The number of unanswered questions, by reason."""
        return Counter()

    @cached_property
    def _last(self) -> deque[bool]:
        """Whether each of the last questions was answered."""
        return deque(maxlen=GIVE_UP)

    @property
    def given_up(self) -> bool:
        """Whether no more questions are sent, after too many successive failures."""
        return len(self._last) == GIVE_UP and not any(self._last)

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Return the model's scores; None for questions without an answer.

        Args:
            questions: any number of questions.
        """
        found: list[Scores] = []
        size = min(self.parallel, len(questions)) or 1
        with ThreadPoolExecutor(size) as pool:
            for start in range(0, len(questions), size):
                if self.given_up:
                    break
                for scores, reason in pool.map(self._ask, questions[start : start + size]):
                    found.append(scores)
                    self._last.append(reason is None)
                    self.failures.update([reason] if reason is not None else [])
                if self.given_up:
                    told = ", ".join(f"{count} x {reason}" for reason, count in self.failures.items())
                    warnings.warn(f"{self.url} gets no more questions ({told})", RuntimeWarning, stacklevel=2)
        return found + [None] * (len(questions) - len(found))

    def _ask(self, question: Question) -> tuple[Scores, str | None]:
        """Return the scores, or the reason why there are none."""
        try:
            content = self._request(_prompt(question))
        except HTTPError as error:
            return None, f"status {error.code}"
        except TimeoutError:
            return None, "time-out"
        except (OSError, HTTPException) as error:  # URLError is one
            late = isinstance(getattr(error, "reason", None), TimeoutError)
            return None, "time-out" if late else "no connection"
        except ValueError:
            return None, "malformed answer"
        scores = _array_in(content, len(question.candidates))
        return scores, None if scores is not None else "malformed answer"

    def _request(self, prompt: str) -> str:
        """Send a request and return the text of the answer.

        Raises:
            OSError, HTTPException: no connection, an error status, or a time-out.
            ValueError: the answer does not have the expected format.
        """
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": prompt}]
        body = json.dumps({"model": self.model, "messages": messages, "temperature": 0}).encode("utf-8")
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        deadline = time.monotonic() + self.timeout
        request = Request(f"{self.url}/chat/completions", body, headers)
        parts, size = [], 0
        with build_opener(_NoRedirect).open(request, timeout=self.timeout) as response:
            while part := response.read1(65_536):  # whatever has arrived, so that a slow answer also meets the deadline
                parts.append(part)
                size += len(part)
                if time.monotonic() > deadline:
                    raise TimeoutError
                if size > LARGEST:
                    raise ValueError("too long")
        return _content(json.loads(b"".join(parts)))


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirects, so that the key is not sent to another address."""

    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        return None


def _prompt(question: Question) -> str:
    history = "\n".join(f"- {text}" for text in question.history) or "- nothing is known"
    candidates = "\n".join(f"{number}. {text}" for number, text in enumerate(question.candidates, 1))
    return f"The shopper:\n{history}\n\nProducts:\n{candidates}"


def _content(answer: Any) -> str:
    """Return the text of an answer in the format of chat completions, or of completions.

    Raises:
        ValueError: the answer does not have this format.
    """
    try:
        choice = answer["choices"][0]
        content = choice["message"]["content"] if "message" in choice else choice["text"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("no choices") from error
    if not isinstance(content, str):
        raise ValueError("no text")
    return content


def _array_in(text: str, count: int) -> Scores:
    """Return the last JSON array of `count` numbers in a text, because models add words before it or marks around it."""
    decoder, start, found = json.JSONDecoder(), text.find("["), None
    while start >= 0:
        try:
            array, end = decoder.raw_decode(text, start)
        except ValueError:
            end = start + 1
        else:
            found = checked_scores(array, count) or found
        start = text.find("[", end)
    return found
