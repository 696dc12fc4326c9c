"""Where a notification may go is somebody's wish: what this server opens connections to (CWE-918)."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundation.http import pinned_client
from foundation.http.pinned_client import BadUrlError, NoAnswerError, check_url, post
from tests.conftest import needs
from tests.rules.receiver import Receiver, receiving

NOWHERE = [  # loopback, private, link-local, metadata; plain, mapped, embedded, decimal, octal, hexadecimal
    *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "192.168.1.1", "[fd00::1]", "100.64.0.1"),
    *("169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]"),
    "0.0.0.0",  # noqa: S104  never bound
    *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::127.0.0.1]", "127.0.0.1.", "[fd00:ec2::254]"),
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.mark.parametrize("host", NOWHERE)
def test_nothing_but_the_public_internet_is_reached_unless_a_setting_names_it(host: str, receiver: Receiver) -> None:
    with pytest.raises(NoAnswerError) as refused:
        post(f"http://{host}:{receiver.port}/", b"{}", {})
    assert refused.value.refused
    assert receiver.taken == []


def test_a_setting_opens_what_it_names_and_never_the_metadata_of_a_cloud(settings: Any, receiver: Receiver) -> None:
    settings.NOTIFY_HOSTS = ["127.0.0.0/8", "169.254.0.0/16"]
    assert post(receiver.url, b"{}", {}).status == 200
    with pytest.raises(NoAnswerError, match="link-local"):
        post("http://169.254.169.254/latest/meta-data/", b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "//a.example/", "file:///etc/passwd", "gopher://a.example/", "http://", "http://a.example:0/"),
        *("http://a.example@127.0.0.1/", "http://a.example/\r\nX: y", "http://a b/", f"http://a.example/{'x' * 2000}"),
        *("http://a.example:99999/", "javascript:alert(1)", "http://ä.example/", "http://1.2.3/", "http:///x"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused_when_saved(url: str) -> None:
    with pytest.raises(BadUrlError):
        check_url(url)


def test_the_connection_goes_to_the_address_that_was_checked(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    asked: list[Any] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *rest, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    address = f"http://rebinding.example:{receiver.port}/"
    assert post(address, b"{}", {}).status == 200
    assert len(asked) == 1
    assert receiver.taken[0][0]["Host"] == f"rebinding.example:{receiver.port}"
    with pytest.raises(NoAnswerError, match="link-local"):
        post(address, b"{}", {})  # looked up anew, checked anew


def test_it_is_not_led_on_nor_kept_nor_flooded_nor_sent_round(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there: it would fail
    receiver.answers = [
        (307, {"Location": f"http://169.254.169.254:{receiver.port}/"}, b""),
        (200, {}, b"x" * 5_000_000),
        (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b no gzip"),
    ]
    assert post(receiver.url, b"{}", {}).status == 307
    assert len(post(receiver.url, b"{}", {}).text) <= 200
    assert post(receiver.url, b"{}", {}).status == 200  # it is not unpacked
    assert len(receiver.taken) == 3
    monkeypatch.setattr(pinned_client, "TOTAL_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def trickle() -> None:
            taken, _ = listener.accept()
            with taken:
                try:
                    taken.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not ended.wait(0.05):
                        taken.sendall(b"X")  # each byte would begin a mere timeout anew
                except OSError:
                    pass

        thread = threading.Thread(target=trickle)
        thread.start()
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match="No answer"):
            post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})
        assert time.monotonic() - began < 10  # not for ever
        ended.set()
        thread.join()


def test_a_certificate_must_be_of_the_name_and_the_name_is_told(settings: Any, tmp_path: Path) -> None:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    key, chain = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = [needs("openssl"), *make.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)
    told: list[Any] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.sni_callback = lambda _socket, name, _context: told.append(name)
    with receiving(context) as receiver:
        with pytest.raises(NoAnswerError, match="certificate is not valid"):
            post(f"https://localhost:{receiver.port}/", b"{}", {})
        trusting = ssl.create_default_context(cafile=str(chain))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ssl, "create_default_context", lambda: trusting)
            assert post(f"https://localhost:{receiver.port}/", b"{}", {}).status == 200
            with pytest.raises(NoAnswerError, match="certificate is not valid"):
                post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})  # it is of another name
    assert told[:2] == ["localhost", "localhost"]
