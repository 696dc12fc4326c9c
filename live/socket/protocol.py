"""What a client of the live socket may send, its limits, and what is wrong with a message that is not understood.

Text frames, one JSON object each; ``type`` names the message. Subprotocol ``procmine.v1``. What the server sends is in
`live.socket.messages`, both as a document in `live.socket.asyncapi`.
"""

from http import HTTPStatus
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL = "procmine.v1"
MAX_FRAME = 64 * 1024  # bytes in
MAX_MESSAGE = 1024 * 1024  # bytes out
MESSAGES_PER_S, MESSAGES_AT_ONCE = 20.0, 200.0  # of a client; acknowledgements of what it was sent do not count
HEARTBEAT_S = 15.0
AUTH_S = 10.0  # to sign in by a first message
UNACKNOWLEDGED = 2  # messages of a subscription on their way; then changes are coalesced
TOO_SLOW_S = 30.0  # the oldest unacknowledged one may be so old
NO_ACK_INTERVAL_S = 1.0  # between messages to a client that does not acknowledge
TAIL = 50  # newest events, rejections or matches in a message

RESTARTING, OVERLOADED = 1012, 1013
NOT_UNDERSTOOD, NOT_SIGNED_IN, FORBIDDEN, TOO_SLOW, TOO_LARGE, TOO_MANY = 4400, 4401, 4403, 4408, 4413, 4429

Include = Literal["model", "moves", "events", "health", "rejections", "matches"]
RateHz = Annotated[float, Meta(ge=0.2, le=20)]
Id = Annotated[int, Meta(ge=0, le=2**53)]
Slug = Annotated[str, Meta(max_length=100)]
Included = Annotated[list[Include], Meta(min_length=1, max_length=10)]


class Resume(Struct, forbid_unknown_fields=True):
    """The picture a client still shows."""

    epoch: Annotated[str, Meta(max_length=20)]
    version: Id


class Message(Struct, tag_field="type", forbid_unknown_fields=True):
    """What every message of a client has: a ``type``; and most an ``id``, which the answer repeats."""


class Auth(Message, tag="auth"):
    """Sign in, as the first message, within 10 s."""

    token: Annotated[str, Meta(max_length=500)]
    id: Id | None = None


class Subscribe(Message, tag="subscribe"):
    """Follow a model of a log; without ``model`` the log's default one."""

    log: Slug
    id: Id | None = None
    model: Id | None = None
    include: Included = msgspec.field(default_factory=lambda: ["model"])
    rate_hz: RateHz = 5.0
    resume: Resume | None = None
    ack: bool = True


class Configure(Message, tag="configure"):
    """Change a subscription; what is left out stays."""

    sub: Id
    id: Id | None = None
    paused: bool | None = None
    rate_hz: RateHz | None = None
    include: Included | None = None


class Unsubscribe(Message, tag="unsubscribe"):
    """End a subscription."""

    sub: Id
    id: Id | None = None


class Ack(Message, tag="ack"):
    """What is shown: credit for more. ``version`` of the picture, ``upto`` of events, rejections and matches."""

    sub: Id
    id: Id | None = None
    version: Id | None = None
    events: Id | None = None
    rejections: Id | None = None
    matches: Id | None = None


class Resync(Message, tag="resync"):
    """Something does not fit: send the whole picture."""

    sub: Id
    id: Id | None = None


class Ping(Message, tag="ping"):
    """Answered by ``pong``."""

    id: Id | None = None


AnyMessage = Auth | Subscribe | Configure | Unsubscribe | Ack | Resync | Ping


class _Numbered(Struct):
    id: Id | None = None


_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)
_numbered: msgspec.json.Decoder[_Numbered] = msgspec.json.Decoder(_Numbered)


class Problem(Struct):
    """Why a request failed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class ProblemError(Exception):
    """A request that fails; it answers the client as an RFC 9457 problem and changes nothing."""

    def __init__(self, status: int, detail: str, kind: str | None = None, id_: int | None = None) -> None:
        super().__init__(detail)
        self.id = id_  # of the request, where it is no message yet
        title = HTTPStatus(status).phrase
        slug = kind or title.lower().replace(" ", "-")
        self.problem = Problem(f"/problems/{slug}", title, status, detail)


def parse(text: str) -> AnyMessage:
    """Read one frame; any mistake is a ProblemError that says where it is."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        detail = str(error)
    if "`$.include[" in detail:
        detail += f". Known: {', '.join(get_args(Include))}"
    try:
        id_ = _numbered.decode(text).id
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        id_ = None
    raise ProblemError(400, detail, "validation", id_)
