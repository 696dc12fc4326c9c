"""What the server sends over the live socket, typed.

Snapshots and deltas are put together by `live.socket.sources`, which encodes what many clients are sent only once;
their types here say what is in them, to readers and to the AsyncAPI document.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from foundation.moments import moment_text
from live.socket.protocol import Problem, ProblemError

Reason = Literal["renamed", "rebuilt", "deleted", "forbidden", "signed-out", "too-large"]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
EncodedRow = dict[str, Any]


class Sent(Struct, tag_field="type", omit_defaults=True):
    """What every message of the server has: a ``type``."""


class Result(Sent, tag="result"):
    """The answer to a request: with ``sub`` where a subscription began or changed, with a problem where it failed."""

    ok: bool
    id: int | None = None
    sub: int | UnsetType = UNSET
    model: int | UnsetType | None = UNSET
    problem: Problem | UnsetType = UNSET


class Node(Struct):
    """A node: in a graph an activity, elsewhere what ``type`` says. More members by algorithm and kind."""

    id: int
    label: str
    n: int | UnsetType = UNSET
    starts: int | UnsetType = UNSET
    ends: int | UnsetType = UNSET
    open: int | UnsetType = UNSET
    type: str | UnsetType = UNSET
    key: str | UnsetType = UNSET


class Edge(Struct):
    """An edge from node ``s`` to node ``t``, and what was measured of it. More members by algorithm and kind."""

    s: int
    t: int
    n: int | UnsetType = UNSET
    total_s: float | UnsetType = UNSET
    mean_s: float | UnsetType | None = UNSET
    median_s: float | UnsetType | None = UNSET
    p95_s: float | UnsetType | None = UNSET


class Removed(Struct):
    """What is drawn no more: ids of nodes, ``[s, t]`` of edges."""

    nodes: list[int]
    edges: list[tuple[int, int]]


class Drawn(Sent):
    """What snapshots and deltas tell of their picture; see docs/live-socket.md."""

    sub: int
    epoch: str
    version: int
    seq: int
    structure: int
    at: Moment
    kind: str
    remarks: list[str]
    derived_seq: int
    derived_at: Moment


class Snapshot(Drawn, tag="snapshot", kw_only=True):
    """A whole picture. Without ``model`` in ``include`` it has neither nodes nor edges."""

    nodes: list[Node] | UnsetType = UNSET
    edges: list[Edge] | UnsetType = UNSET


class Delta(Drawn, tag="delta", rename={"since": "from"}, kw_only=True):
    """New values, never increments, of all that changed in (``from``, ``version``]. A move: case, from, to, at."""

    since: int
    nodes: list[Node] | UnsetType = UNSET
    edges: list[Edge] | UnsetType = UNSET
    removed: Removed | UnsetType = UNSET
    moves: list[tuple[str, int | None, int, str]] | UnsetType = UNSET
    moves_omitted: int | UnsetType = UNSET


class EventRow(Struct):
    """An event, as ``GET logs/{slug}/events/`` has it."""

    seq: int
    id: str | None
    case: str
    activity: str
    at: datetime
    at_source: str
    received_at: datetime
    stream: str | None
    attributes: EncodedRow


class Events(Sent, tag="events"):
    """The newest events after number ``after`` up to ``upto``, at most 50; ``skipped`` tells how many it leaves out."""

    sub: int
    after: int
    upto: int
    skipped: int
    events: list[EventRow]


class RejectionRow(Struct):
    """A refused message, or row of a file (``stream`` null). Payload: ``streams/{stream}/rejections/{id}/``."""

    id: int
    stream: str | None
    reason: str
    detail: str
    topic: str
    received_at: datetime


class Rejections(Sent, tag="rejections"):
    """The newest refused messages of the log's streams, as `Events`; ``upto`` counts those that this server saw."""

    sub: int
    after: int
    upto: int
    skipped: int
    rejections: list[RejectionRow]


class MatchRow(Struct):
    """A rule matched; with context and actions: ``rule-matches/{id}/``."""

    id: int
    rule: int
    rule_name: str
    rule_version: int
    severity: str
    case: str
    seq: int
    activity: str
    at: datetime | None
    matched_at: datetime
    reason: str
    acknowledged_at: datetime | None


class Matches(Sent, tag="matches"):
    """The newest matches of the log's rules, as `Events`; ``upto`` counts those that this server saw."""

    sub: int
    after: int
    upto: int
    skipped: int
    matches: list[MatchRow]


class StreamRow(Struct):
    """A stream that feeds the log. More members may appear."""

    slug: str
    name: str
    state: str
    last_error: str


class Health(Sent, tag="health"):
    """Where the log stands; once a second."""

    sub: int
    events_per_s: float
    last_received_at: str | None
    open_cases: int
    streams: list[StreamRow]


class Waiting(Sent, tag="waiting"):
    """What a paused subscription would be told: events since its picture. At most once a second, when it changes."""

    sub: int
    seq: int
    events: int


class Ended(Sent, tag="ended"):
    """A subscription is over. ``rebuilt``: subscribe again, for another ``epoch`` has begun."""

    sub: int
    reason: Reason
    detail: str


class Heartbeat(Sent, tag="heartbeat"):
    """Every 15 s: the server's clock, and the version that each subscription was sent last."""

    at: Moment
    version: dict[str, int]


class Pong(Sent, tag="pong"):
    """The answer to a ping."""

    id: int | None = None


AnyMessage = Result | Snapshot | Delta | Events | Rejections | Matches | Health | Waiting | Ended | Heartbeat | Pong
_encoder = msgspec.json.Encoder()


def encode(message: Sent) -> str:
    """One frame to a client."""
    return _encoder.encode(message).decode()


def members(content: Any) -> str:
    """An object as JSON without its opening brace, to be put behind other members."""
    return _encoder.encode(content).decode()[1:]


def failure(id_: int | None, error: ProblemError) -> str:
    """The answer to a request that failed."""
    return encode(Result(ok=False, id=id_, problem=error.problem))


def now() -> str:
    """This moment, as messages write it."""
    return moment_text(datetime.now(UTC))
