"""A real web process under what the network may send: it answers below 500, and goes on serving as the same process."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.conftest import wait_for
from tests.installation import Installation

EVENTS = "/api/v1/logs/factory/events/"
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A web process with a log called factory; at the end it is still the one that was started, and no 5xx was seen."""
    with Installation(tmp_path_factory.mktemp("abused")) as made:
        made.start("web")
        made.api("POST", "logs/", {"slug": "factory", "name": "Factory"})
        process = made.processes["web"]
        yield made
        assert process.poll() is None
        assert "Traceback" not in made.log_file("web").read_text()


@pytest.fixture(autouse=True)
def still_serving(web: Installation) -> Iterator[None]:
    yield
    assert request(web, "GET", "/healthz")[0] == 200


def request(web: Installation, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of an answer, without a token unless the headers bring one."""
    connection = http.client.HTTPConnection(HOST, web.port, timeout=30)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def raw(web: Installation, sent: bytes) -> int:
    """The status of the answer to these bytes; 0 where the connection is closed without one."""
    with socket.create_connection((HOST, web.port), 15) as sock:
        sock.sendall(sent)
        first = sock.makefile("rb").readline()
    return int(first.split()[1]) if first else 0


# --- Bodies -----------------------------------------------------------------------------


def pushed(web: Installation, head: bytes, megabytes: int) -> tuple[int, bytes]:
    """The answer to a body of so many MiB that is sent as fast as it goes."""
    block = b" " * 2**20
    with socket.create_connection((HOST, web.port), 30) as sock:
        sock.sendall(head)
        for _ in range(megabytes):
            sock.sendall(b"%x\r\n%b\r\n" % (len(block), block) if b"chunked" in head else block)
        if b"chunked" in head:
            sock.sendall(b"0\r\n\r\n")
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return answer.status, answer.read()


@pytest.mark.parametrize("path", [EVENTS, "/login/"])
@pytest.mark.parametrize("length", [b"Content-Length: 52428800", b"Transfer-Encoding: chunked"])
def test_a_body_of_50_mb_is_not_even_kept(web: Installation, path: str, length: bytes) -> None:
    process = web.processes["web"].pid
    head = b"POST %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n" % (path.encode(), length)
    status, body = pushed(web, head, 50)
    assert status == 413
    assert json.loads(body)["type"] == "/problems/too-large"
    with open(f"/proc/{process}/statm") as statm:  # noqa: PTH123  no file of a disk
        assert int(statm.read().split()[1]) * 4096 < 500 * 2**20


def test_a_body_of_a_few_mb_too_many_is_refused_by_the_route(web: Installation) -> None:
    token = f"Token {web.token}"
    status, body = request(web, "POST", EVENTS, b" " * (6 << 20), Authorization=token, Content_Type="application/json")
    assert (status, json.loads(body)["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 20_000), {0, 400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: %b\r\n\r\n" % (b"a" * 20_000), {0, 400}),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(600)) + b"\r\n",
            {0, 400},
        ),
        (b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nDaphne-Root-Path: \xff\r\n\r\n", {401}),
        (b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token \xff\xfe\r\n\r\n", {401}),
        (b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nCookie: procmine_session=\xff\x80; a=\r\n\r\n", {401}),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400}),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET /healthz?\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\n\r\n", {302, 400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {0, 400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", {0, 400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", {0, 400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {0, 400}),
        (b"\r\n" * 5000, {0, 400}),
    ],
)
def test_what_is_no_proper_request_is_refused(web: Installation, sent: bytes, statuses: set[int]) -> None:
    assert raw(web, sent) in statuses


def test_nobody_says_where_the_application_is_mounted(web: Installation) -> None:
    status, body = request(
        web, "GET", "/api/v1/logs/?page_size=1", Authorization=f"Token {web.token}", Daphne_Root_Path="/evil"
    )
    assert status == 200
    assert b"evil" not in body


# --- Many, and slow ---------------------------------------------------------------------


def test_hundreds_of_slow_clients_hold_up_nobody(web: Installation) -> None:
    """Heads and bodies that trickle in hold a socket, never a thread. (Daphne hangs up after a minute of silence.)"""
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((HOST, web.port), 15)) for _ in range(200)]
        for number, sock in enumerate(slow):
            sock.sendall(
                b"POST /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n" + b"\r\n {"[: number % 5]
            )
        for _ in range(2):
            assert request(web, "GET", "/login/")[0] == 200
        for sock in slow:
            sock.sendall(b"X")  # a byte more, and still not enough
        assert request(web, "GET", "/readyz")[0] == 200


def test_thousands_of_connects_leave_no_trace(web: Installation) -> None:
    for number in range(4_000):
        with socket.create_connection((HOST, web.port), 30) as sock:
            if number % 3:
                sock.sendall((b"GET / HTTP", b"\x00" * 50)[number % 2])
        if number % 40 == 0:  # its queue holds 50
            assert request(web, "GET", "/healthz")[0] == 200
    files = Path(f"/proc/{web.processes['web'].pid}/fd")
    wait_for(lambda: len(list(files.iterdir())) < 100, 20, "the closed connections to be let go")


def test_strangers_on_the_socket_are_bounded_and_leave_room(web: Installation) -> None:
    """Nobody waits long to sign in; who has a token gets in all the same once they are gone."""
    url = f"ws://{HOST}:{web.port}/ws/live/"
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(url)) for _ in range(130)]
        wait_for(lambda: sum(client.close_code is not None for client in clients) >= 30, 10, "thirty to be refused")

    def signed_in() -> bool:
        with connect(url, additional_headers={"Authorization": f"Token {web.token}"}) as client:
            client.send('{"type":"ping","id":1}')
            try:
                return "pong" in str(client.recv(timeout=5))
            except ConnectionClosed:
                return False

    wait_for(signed_in, 15, "a place on the socket")


# --- Sign-in ----------------------------------------------------------------------------


def test_guessing_passwords_locks_whatever_address_is_claimed(web: Installation) -> None:
    with closing(http.client.HTTPConnection(HOST, web.port)) as connection:
        connection.request("GET", "/login/")
        answer = connection.getresponse()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        page = answer.read().decode()
    secret = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    statuses = []
    for number in range(8):
        body = f"csrfmiddlewaretoken={secret}&username=boss&password=guess{number}".encode()
        spoofed = {"X_Forwarded_For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}", "X_Real_IP": "1.2.3.4"}
        form = "application/x-www-form-urlencoded"
        statuses.append(request(web, "POST", "/login/", body, Cookie=cookie, Content_Type=form, **spoofed)[0])
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert web.api("GET", "me/")  # tokens go on working
