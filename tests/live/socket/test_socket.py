"""The live socket of a real server: sign-in, credit, rate, pause, resync, limits."""

import itertools
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from websockets import ConnectionClosed, Subprotocol
from websockets.sync.client import ClientConnection, connect

from tests.conftest import wait_for
from tests.installation import Installation, LiveClient

numbers = itertools.count()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("socket") / "var") as made:
        made.start("web")
        made.start("mine")
        yield made


@pytest.fixture
def log(installation: Installation) -> str:
    """A log of its own for each test, with one event."""
    slug = f"log-{next(numbers)}"
    installation.api("POST", "logs/", {"slug": slug, "name": slug})
    send(installation, slug, "Take")
    return slug


def send(installation: Installation, log: str, *activities: str) -> int:
    events = [{"case": "a", "activity": activity} for activity in activities]
    return int(installation.api("POST", f"logs/{log}/events/", events)["last_seq"])


@pytest.fixture
def client(installation: Installation, log: str) -> Iterator[LiveClient]:
    made = installation.live(log)
    made.wait_for_seq(1)
    yield made
    made.close()


def raw(installation: Installation, path: str = "", **headers: str) -> Any:
    return connect(
        f"ws://127.0.0.1:{installation.port}/ws/live/{path}",
        additional_headers=headers,
        subprotocols=[Subprotocol("procmine.v1")],
    )


def ask(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    socket.send(json.dumps(message))
    answer: dict[str, Any] = json.loads(socket.recv(timeout=10))
    return answer


def closed_with(socket: ClientConnection) -> int | None:
    """Read until the server hangs up; the code it closed with."""
    with suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=15)
    return socket.close_code


def picture_seq(installation: Installation, log: str) -> int:
    (model,) = installation.api("GET", f"models/?log={log}")["results"]
    return int(model["seq"])


def test_a_stranger_is_told_to_sign_in_and_sees_nothing(installation: Installation, log: str) -> None:
    with raw(installation) as socket:
        assert ask(socket, type="subscribe", id=1, log=log)["problem"]["status"] == 401


def test_a_first_message_signs_in(installation: Installation, log: str) -> None:
    with raw(installation) as socket:
        assert ask(socket, type="auth", id=1, token=installation.token)["ok"]
        assert ask(socket, type="subscribe", id=2, log=log)["ok"]


def test_a_wrong_token_ends_the_connection(installation: Installation) -> None:
    with raw(installation) as socket:
        assert not ask(socket, type="auth", id=1, token="pm_wrong_token")["ok"]
        assert closed_with(socket) == 4401


def test_the_address_of_a_log_is_already_subscribed(installation: Installation, log: str) -> None:
    with raw(installation, f"{log}/", Authorization=f"Token {installation.token}") as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "result"
        wait_for(lambda: json.loads(socket.recv(timeout=10))["type"] == "snapshot", what="the picture")


def test_a_log_that_is_not_there_is_a_problem_and_the_connection_lives_on(client: LiveClient, log: str) -> None:
    client.send("subscribe", id=5, log="nowhere")
    answer = client.read()
    assert (answer["id"], answer["problem"]["status"]) == (5, 404)
    client.send("ping", id=6)
    assert client.read()["type"] == "pong"


def test_a_client_without_credit_gets_two_messages_and_then_one_for_all_it_missed(
    installation: Installation, log: str
) -> None:
    with raw(installation, Authorization=f"Token {installation.token}") as socket:
        sub = ask(socket, type="subscribe", id=1, log=log, rate_hz=20)["sub"]
        got = [json.loads(socket.recv(timeout=10))]
        while len(got) < 2:
            send(installation, log, "More")
            got.append(json.loads(socket.recv(timeout=10)))
        for _ in range(3):
            last = send(installation, log, "Even more")
            wait_for(lambda seq=last: picture_seq(installation, log) >= seq, what="the picture")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=1)
        socket.send(json.dumps({"type": "ack", "sub": sub, "version": got[-1]["version"]}))
        rest = json.loads(socket.recv(timeout=10))
    assert [message["type"] for message in got] == ["snapshot", "delta"]
    assert (rest["type"], rest["from"], rest["seq"]) == ("delta", got[-1]["version"], last)


def test_a_paused_subscription_is_silent_and_catches_up_in_one_delta(
    installation: Installation, client: LiveClient, log: str
) -> None:
    client.ask("configure", sub=client.sub, paused=True)
    with closing(installation.live(log)) as another:  # tells when the web process has the last picture
        for _ in range(3):
            last = send(installation, log, "Pack", "Ship")
            another.wait_for_seq(last)
    client.seen.clear()
    client.ask("configure", sub=client.sub, paused=False)
    client.wait_for_seq(last)
    assert client.seen.count("delta") == 1


def test_a_resync_is_answered_by_the_whole_picture(client: LiveClient) -> None:
    client.send("resync", sub=client.sub)
    assert client.read()["type"] == "snapshot"


def test_an_unknown_version_is_resumed_with_a_snapshot(
    installation: Installation, log: str, client: LiveClient
) -> None:
    for epoch, version in (("other", 3), (client.shown["epoch"], 10**9)):
        again = installation.live(log, resume={"epoch": epoch, "version": version})
        again.wait_for_seq(1)
        assert again.seen[:2] == ["result", "snapshot"]
        again.close()


def test_health_tells_rate_arrival_and_open_cases(installation: Installation, log: str) -> None:
    with raw(installation, Authorization=f"Token {installation.token}") as socket:
        ask(socket, type="subscribe", log=log, include=["health"])
        for _ in range(10):
            message = json.loads(socket.recv(timeout=10))
            if message["type"] == "health" and message["open_cases"] == 1:
                break
    assert message["last_received_at"] is not None
    assert message["events_per_s"] >= 0
    assert message["streams"] == []


def test_a_deleted_model_ends_its_subscriptions(installation: Installation, log: str, client: LiveClient) -> None:
    (model,) = installation.api("GET", f"models/?log={log}")["results"]
    installation.api("DELETE", f"models/{model['id']}/")
    wait_for(lambda: client.read()["type"] == "ended", what="the end")


def test_a_second_model_of_the_log_counts_closed_cases_only(installation: Installation, log: str) -> None:
    installation.api("PATCH", f"logs/{log}/", {"end_activities": ["Ship"]})
    made = installation.api("POST", "models/", {"log": log, "algorithm": "dfg", "cases": "closed"})
    last = send(installation, log, "Ship")
    installation.api("POST", f"logs/{log}/events/", {"case": "b", "activity": "Take"})
    client = installation.live(log, model=made["id"])
    shown = client.wait_for_seq(last + 1)
    assert {node["label"]: node["n"] for node in shown["nodes"]} == {"Take": 1, "Ship": 1}
    client.close()


def test_the_twenty_first_subscription_is_refused(client: LiveClient, log: str) -> None:
    """The fixture's is the first."""
    for number in range(20):
        client.send("subscribe", id=number, log=log)
    answers: dict[int, bool] = {}
    while len(answers) < 20:
        message = client.read()
        if message["type"] == "result":
            answers[message["id"]] = message["ok"]
    assert answers == {number: number < 19 for number in range(20)}


@pytest.mark.parametrize(("frame", "code"), [(b"\x00\x01", 4400), ("x" * 70_000, 4413)])
def test_a_frame_that_cannot_be_a_message_ends_the_connection(
    installation: Installation, frame: str | bytes, code: int
) -> None:
    with raw(installation, Authorization=f"Token {installation.token}") as socket:
        socket.send(frame)
        assert closed_with(socket) == code


def test_the_eleventh_connection_of_a_user_is_refused(installation: Installation) -> None:
    held = []
    try:
        for _ in range(11):
            opened = raw(installation, Authorization=f"Token {installation.token}")
            held.append((opened, opened.__enter__()))
        assert closed_with(held[-1][1]) == 4429
    finally:
        for opened, _ in held:
            opened.__exit__(None, None, None)


def test_a_cookie_from_a_foreign_page_does_not_sign_in(installation: Installation, log: str) -> None:
    cookie = f"procmine_session={installation.session}"
    own = f"http://127.0.0.1:{installation.port}"
    for origin, ok in ((own, True), ("http://evil.example", False), (None, False)):
        headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
        with raw(installation, **headers) as socket:
            assert ask(socket, type="subscribe", id=1, log=log)["ok"] is ok, origin


def test_a_petri_net_comes_over_the_socket_and_changes_by_deltas(installation: Installation, log: str) -> None:
    """Derived by a worker, in a process of its own; asked for over REST it is there too."""
    model = installation.api("POST", "models/", {"log": log, "algorithm": "imf", "parameters": {"view": "petri-net"}})
    assert (model["home"], model["error"], model["version"]) == ("work", "", 0)
    installation.start("work")
    client = installation.live(log, model=model["id"])
    first = client.wait_for_seq(1)
    assert first["kind"] == "petri-net"
    last_seq = send(installation, log, "Pack", "Ship")

    def complete() -> bool:
        cases = sum(node.get("open", 0) + node.get("maybe", 0) for node in client.shown["nodes"])
        return client.shown["derived_seq"] >= last_seq and cases > 0

    wait_for(lambda: complete() or (client.read() and False), 60, "the grown net with the case in it")
    labels = {node["label"] for node in client.shown["nodes"] if node["type"] == "transition"}
    assert {"Take", "Pack", "Ship"} <= labels
    assert "delta" in client.seen
    picture = installation.api("GET", f"models/{model['id']}/picture/")
    whole = {name: client.shown[name] for name in ("epoch", "kind", "derived_seq", "derived_at", "remarks")}
    assert {name: picture[name] for name in whole} == whole
    by_id = {node["id"]: node for node in picture["nodes"]}
    assert {node["id"]: node for node in client.shown["nodes"]} == by_id
    client.close()
