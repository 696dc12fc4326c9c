"""The messages of the live socket, typed, and what is wrong with those that are not understood.

Text frames, one JSON object each; ``type`` names the message. Subprotocol ``procmine.v1``.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL = "procmine.v1"
MAX_FRAME = 64 * 1024  # bytes in
MAX_SUBSCRIPTIONS = 20  # of a connection
MAX_CONNECTIONS_A_USER = 10
MAX_CONNECTIONS = 500  # of a process
HEARTBEAT_S = 15.0
AUTH_S = 10.0  # to sign in by a first message
UNACKNOWLEDGED = 2  # messages of a subscription on their way; then changes are coalesced
TOO_SLOW_S = 30.0  # the oldest unacknowledged one may be so old
NO_ACK_INTERVAL_S = 1.0  # between deltas to a client that does not acknowledge

NOT_UNDERSTOOD, NOT_SIGNED_IN, FORBIDDEN, TOO_SLOW, TOO_LARGE, TOO_MANY = 4400, 4401, 4403, 4408, 4413, 4429

Include = Literal["model", "moves", "health"]
RateHz = Annotated[float, Meta(ge=0.2, le=20)]
Id = Annotated[int, Meta(ge=0, le=2**53)]
Slug = Annotated[str, Meta(max_length=100)]


class Resume(Struct, forbid_unknown_fields=True):
    """The picture a client still shows."""

    epoch: Annotated[str, Meta(max_length=20)]
    version: Id


class Message(Struct, tag_field="type", forbid_unknown_fields=True):
    """What every message of a client may carry: an ``id`` that its answer repeats."""


class Auth(Message, tag="auth"):
    """Sign in, as the first message, within 10 s."""

    token: Annotated[str, Meta(max_length=500)]
    id: Id | None = None


class Subscribe(Message, tag="subscribe"):
    """Follow a model of a log; without ``model`` the log's default one."""

    log: Slug
    id: Id | None = None
    model: Id | None = None
    include: Annotated[list[Include], Meta(min_length=1, max_length=10)] = msgspec.field(
        default_factory=lambda: ["model"]
    )
    rate_hz: RateHz = 5.0
    resume: Resume | None = None
    ack: bool = True


class Configure(Message, tag="configure"):
    """Change a subscription; what is left out stays."""

    sub: Id
    id: Id | None = None
    paused: bool | None = None
    rate_hz: RateHz | None = None
    include: Annotated[list[Include], Meta(min_length=1, max_length=10)] | None = None


class Unsubscribe(Message, tag="unsubscribe"):
    """End a subscription."""

    sub: Id
    id: Id | None = None


class Ack(Message, tag="ack"):
    """This version is shown: credit for one more message."""

    sub: Id
    version: Id


class Resync(Message, tag="resync"):
    """Something does not fit: send the whole picture."""

    sub: Id
    id: Id | None = None


class Ping(Message, tag="ping"):
    """Answered by ``pong``."""

    id: Id | None = None


AnyMessage = Auth | Subscribe | Configure | Unsubscribe | Ack | Resync | Ping
_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


class ProblemError(Exception):
    """A request that fails; it answers the client as an RFC 9457 problem and changes nothing."""

    def __init__(self, status: int, detail: str, kind: str | None = None) -> None:
        super().__init__(detail)
        title = HTTPStatus(status).phrase
        slug = kind or title.lower().replace(" ", "-")
        self.problem = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}


def parse(text: str) -> AnyMessage:
    """Read one frame; any mistake is a ProblemError that says where it is."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ProblemError(400, str(error), "validation") from None


def encode(type_: str, **fields: Any) -> str:
    """One frame to a client."""
    return msgspec.json.encode({"type": type_, **fields}).decode()


def members(content: dict[str, Any]) -> str:
    """An object as JSON without its opening brace, to be put behind other members."""
    return msgspec.json.encode(content).decode()[1:]


def result(id_: int | None, **fields: Any) -> str:
    """The answer to a request that worked."""
    return encode("result", **({} if id_ is None else {"id": id_}), ok=True, **fields)


def failure(id_: int | None, error: ProblemError) -> str:
    """The answer to one that did not."""
    return encode("result", **({} if id_ is None else {"id": id_}), ok=False, problem=error.problem)


def now() -> str:
    """This moment, as messages write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
