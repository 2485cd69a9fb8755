"""The server of the live page: for this machine only, in a separate thread."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
STATE = "/state.json"
GRACE = 5.0  # maximum seconds to wait until an open page has requested the final state
LATELY = 10.0  # a page that sent a request within this number of seconds is considered open

Read = Callable[[str, str], dict[str, Any]]


class WatchServer:
    """A server of one page and its state. It opens the port at once, and answers after `start`.

    It accepts no changes, and it answers only requests addressed to this machine by name, so that pages of other sites cannot
    read it through a browser.

    Args:
        port: port on 127.0.0.1; 0 for a free one.

    Raises:
        ValueError: there is no such port.
        OSError: the port is in use, or this user may not use it.
    """

    def __init__(self, port: int = 0) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"the port is {port}: expected 1 to 65535, or 0 for a free one")
        try:
            self._server = _Server((HOST, port), _Handler)
        except OSError as error:
            reasons = {errno.EADDRINUSE: "is in use", errno.EACCES: "may not be used by this user"}
            why = reasons.get(error.errno or 0, str(error))
            raise OSError(f"port {port} of {HOST} {why}: give another port, or none to use a free one") from error
        self.port = int(self._server.server_address[1])
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.port}/"

    def start(self, page: str, read: Read) -> None:
        """Start to answer requests.

        Args:
            page: the page, as HTML.
            read: returns the state, as JSON values, for the world and the metric of the request; both may be empty.
        """
        self._server.page, self._server.read = page.encode(), read
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def tell_end(self) -> None:
        """Wait until an open page has requested the final state, but only for a few seconds."""
        asked, now = self._server.asked, monotonic()
        while now - asked < LATELY and self._server.asked <= now and monotonic() - now < GRACE:
            sleep(0.05)

    def close(self) -> None:
        """Stop answering, and close the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> WatchServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows two servers would share a port
    page = b""
    asked = float("-inf")  # time of the last request for the state
    read: Read | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of a connection, such as a browser that was closed, because they do not affect the run."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "slategym", ""
    timeout = 30.0

    def do_GET(self) -> None:
        name, _, port = self.headers.get("Host", "").partition(":")
        place, began = urlsplit(self.path), monotonic()
        if name not in (HOST, "localhost") or (port or "80") != str(self.server.server_address[1]):
            self._answer(403, "text/plain", b"This page is available only on this machine.\n")
        elif place.path == "/":
            self._answer(200, "text/html", self.server.page)
        elif place.path == STATE:
            asked = parse_qs(place.query)
            world, metric = (asked.get(name, [""])[0] for name in ("world", "metric"))
            state = self.server.read(world, metric) if self.server.read else {}
            self._answer(200, "application/json", json.dumps(state, allow_nan=False).encode())
            self.server.asked = began
        else:
            self._answer(404, "text/plain", b"There is no such page.\n")

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        with suppress(OSError):  # the browser was closed
            self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Print nothing, because requests must not appear in the output of the command."""
