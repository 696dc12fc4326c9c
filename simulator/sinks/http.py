"""``http``: one POST an event, or under ``loadTest`` timeframes for a load backend."""

from uuid import uuid4

from simulator.emission.wire import five_keys_json
from simulator.reading.fields import Fields, plain
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings, TimeframeSink
from simulator.sinks.http_poster import Patience, Poster
from simulator.world.event import Event

PATIENCE = Patience(
    statuses=frozenset({408, 425, 429, 500, 502, 503, 504}), delays_s=(0.1, 0.5, 1.0, 2.0, 4.0), longest_s=30.0
)


class HttpSink(TimeframeSink):
    """Posts events to exactly ``url``, or timeframes to ``register`` and the begin to ``start`` below it.

    Source: Distributed Event Factory 0.2.2, the load-backend protocol.
    """

    def __init__(self, url: str, *, timeframe_ms: float | None = None, only_timeframes: bool = False) -> None:
        """Raises ValueError, with what is wrong, for a URL that is none."""
        self.timeframe_ms = timeframe_ms
        self.only_timeframes = only_timeframes
        self._poster = Poster(url, patience=PATIENCE)
        self._timeframe: list[str] = []

    def open(self, surroundings: Surroundings) -> None:
        self._poster.open(surroundings)

    def send(self, event: Event) -> None:
        self._poster.post(five_keys_json(event).encode())

    def collect(self, event: Event) -> None:
        self._timeframe.append(five_keys_json(event))

    def register(self, timeframe_ms: float) -> None:
        duration_us = max(1, round((self.timeframe_ms or timeframe_ms) * 1000))
        body = f'{{"duration": {duration_us}, "events": [{", ".join(self._timeframe)}]}}'.encode()
        self._timeframe = []
        # The same for every try, so that a backend which knows it takes a timeframe once.
        self._poster.post(body, below="/register", headers={"Idempotency-Key": str(uuid4())})

    def begin(self) -> None:
        self._poster.post(b"", below="/start")

    def close(self) -> None:
        self._poster.close()


@SINKS.register("http")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Fields: url; timeframe in milliseconds, which makes it a sink of load tests only (as the type loadtest)."""
    entry, type_entry = fields.entry("timeframe"), fields.entry("type")
    timeframe_ms = fields.number("timeframe", above=0) if entry else None
    loadtest = type_entry is not None and plain(str(type_entry.node.value)).removesuffix("sink") != "http"
    expected = "http://host:port/path or https://…"
    url = fields.text("url", expected=expected)
    only = loadtest or timeframe_ms is not None
    try:
        return HttpSink(url, timeframe_ms=timeframe_ms, only_timeframes=only)
    except ValueError as error:
        if url:  # the value itself is not shown: it may hold a password
            fields.error("url", f"is no URL to post to: {error}, expected {expected}")
        return HttpSink("http://127.0.0.1", timeframe_ms=timeframe_ms, only_timeframes=only)
