"""The server of a run's page: of this machine alone, with errors that name the port, and gone when it is closed."""

import http.client
import json
import socket
import threading
import time

import pytest

from slategym.bench.watching import server as module
from slategym.bench.watching.server import HOST, STATE, WatchServer


def asked(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read()


@pytest.fixture
def server():
    with WatchServer() as server:
        server.start("<p>a page</p>", lambda world, metric: {"world": world, "metric": metric})
        yield server


def test_the_page_and_the_state(server):
    assert server.address == f"http://127.0.0.1:{server.port}/"
    assert asked(server, "/") == (200, "text/html; charset=utf-8", b"<p>a page</p>")
    status, kind, content = asked(server, f"{STATE}?world=Shop-v0:items%3D60&metric=a%20b")
    assert (status, kind) == (200, "application/json; charset=utf-8")
    assert json.loads(content) == {"world": "Shop-v0:items=60", "metric": "a b"}
    assert json.loads(asked(server, STATE)[2]) == {"world": "", "metric": ""}


@pytest.mark.parametrize("path", ["/other", "/../etc/passwd", "/state.json/x"])
def test_nothing_else_is_there(server, path):
    assert asked(server, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(server, method):
    assert asked(server, "/", method)[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil:{port}"])
def test_another_site_cannot_read_it_through_a_browser(server, host):
    assert asked(server, STATE, Host=host.format(port=server.port))[0] == 403
    assert asked(server, STATE, Host=f"localhost:{server.port}")[0] == 200


def test_it_listens_to_this_machine_alone(server):
    assert server._server.server_address[0] == "127.0.0.1"
    addresses = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in addresses:
        with pytest.raises(ConnectionError):
            socket.create_connection((address, server.port), timeout=2)


def test_a_browser_that_goes_away_is_no_error(server, capfd):
    for _ in range(3):
        with socket.create_connection((HOST, server.port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
    assert asked(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_ports_that_there_are_not(port):
    with pytest.raises(ValueError, match=rf"the port is {port}: expected 1 to 65535, or 0 for a free one"):
        WatchServer(port)


def test_a_port_in_use_is_named(server):
    with pytest.raises(OSError, match=rf"port {server.port} of 127.0.0.1 is in use: give another port"):
        WatchServer(server.port)


def test_a_closed_server_gives_its_port_back():
    with WatchServer() as server:
        server.start("", lambda world, metric: {})
        asked(server, "/")
    with WatchServer(server.port) as again:
        assert again.port == server.port
    with WatchServer():  # one that was never started is closed too
        pass


def test_an_open_page_is_told_of_the_end(server, monkeypatch):
    asked(server, STATE)
    polling = threading.Thread(target=lambda: (time.sleep(0.3), asked(server, STATE)))
    polling.start()
    start = time.monotonic()
    server.tell_end()
    assert 0.2 < time.monotonic() - start < module.GRACE
    polling.join()
    monkeypatch.setattr(module, "GRACE", 0.2)
    start = time.monotonic()
    server.tell_end()  # nobody asks any more
    assert 0.15 < time.monotonic() - start < 2


def test_without_an_open_page_nobody_waits(server):
    start = time.monotonic()
    server.tell_end()
    asked(server, "/")
    server.tell_end()
    assert time.monotonic() - start < 1
