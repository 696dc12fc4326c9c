"""One POST to an address that somebody wrote down, in a way that reaches nothing it should not.

The name is looked up once, an address that `foundation.http.addresses` allows is connected to and no other (so a name
that answers differently the second time gains nothing), the certificate is checked against the name. No redirect is
followed, no proxy of the environment is used, the whole exchange has a deadline, and of the answer only a piece is
read. Source: OWASP, Server-Side Request Forgery Prevention; CWE-918.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationParseError, NewConnectionError
from urllib3.util import Url, parse_url

from foundation.http.addresses import HostRefusedError, addresses_of, receivers

CONNECT_S = 5.0  # to open a connection, TLS included
TOTAL_S = 10.0  # from then on to the end of the answer
MAX_ANSWER = 16 * 1024  # bytes that are read of it
MAX_URL = 2000
_SHOWN = 200  # characters of an answer that are kept as the reason of a failure
_PORTS = {"http": 80, "https": 443}


class BadUrlError(ValueError):
    """No address of a receiver; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: status, how long it asks us to wait, the beginning of its body."""

    status: int
    retry_after: str
    text: str


class NoAnswerError(ConnectionError):
    """There was none; the message says why. ``refused``: it will not help to try again."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


def check_url(text: str) -> Url:
    """The parts of an ``http`` or ``https`` address, of a host that is not refused unseen; else BadUrlError."""
    if len(text) > MAX_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadUrlError(f"Expected an address of at most {MAX_URL} plain characters, without blanks.")
    try:
        url = parse_url(text)
    except LocationParseError:
        raise BadUrlError("Expected an address, as https://hooks.example.org/T1/B2.") from None
    if url.scheme not in _PORTS or not url.host or not text.lower().startswith(f"{url.scheme}://"):
        raise BadUrlError("Expected an address that begins with https:// or http://.")
    if url.auth is not None:
        raise BadUrlError("An address with a user name or password in it is not taken.")
    if url.port == 0:
        raise BadUrlError("No server listens on port 0.")
    if refused := receivers().refuses_unseen(url.host.strip("[]")):
        raise BadUrlError(refused)
    return url


def post(address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send ``body``; the receiver's answer, whatever its status. Raises NoAnswerError.

    After the connection is open it takes at most `TOTAL_S`; only the look-up of the name is the system's own affair.
    """
    try:
        url = check_url(address)
    except BadUrlError as error:
        raise NoAnswerError(str(error), refused=True) from None
    try:
        with _connected(url) as connection, _deadline(connection):
            told = {"Host": url.netloc or "", **headers}
            connection.request("POST", url.request_uri, body, told, preload_content=False, decode_content=False)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER, decode_content=False)
            retry_after = response.headers.get("Retry-After", "")
            return Answer(response.status, retry_after[:100], text.decode(errors="replace")[:_SHOWN])
    except HostRefusedError as error:
        raise NoAnswerError(str(error), refused=True) from None
    except socket.gaierror as error:
        raise NoAnswerError(f"The host {url.host} is not known: {error.strerror}.") from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(f"The certificate is not valid: {error.verify_message}.") from None
    except (OSError, ConnectTimeoutError, NewConnectionError) as error:
        raise NoAnswerError(f"No answer: {error}"[:300]) from None
    except (HTTPError, HTTPException, ValueError) as error:  # its text may repeat what the receiver said
        raise NoAnswerError(f"No answer in HTTP ({type(error).__name__}).") from None


@contextlib.contextmanager
def _connected(url: Url) -> Iterator[HTTPConnection]:
    """A connection to the first allowed address that takes one."""
    host = (url.host or "").strip("[]")
    port = url.port or _PORTS[url.scheme or "https"]
    failed: Exception = HostRefusedError(f"{host} has no address.")
    for address in addresses_of(host, port, receivers()):
        connection = HTTPConnection(address, port, timeout=CONNECT_S)
        if url.scheme == "https":
            connection = HTTPSConnection(
                address,
                port,
                timeout=CONNECT_S,
                ssl_context=ssl.create_default_context(),
                server_hostname=host,
            )
        try:
            connection.connect()
        except (OSError, HTTPError) as error:
            connection.close()
            failed = error
            continue
        with contextlib.closing(connection):
            yield connection
        return
    raise failed


@contextlib.contextmanager
def _deadline(connection: HTTPConnection) -> Iterator[None]:
    """Hang up after `TOTAL_S`: a timeout of the socket alone begins anew with every byte that trickles in."""
    raw: socket.socket = connection.sock
    late = threading.Event()

    def hang_up() -> None:
        late.set()
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    raw.settimeout(TOTAL_S)
    timer = threading.Timer(TOTAL_S, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():  # what was read until then is no answer
        raise TimeoutError(f"it took longer than {TOTAL_S:g} s.")
