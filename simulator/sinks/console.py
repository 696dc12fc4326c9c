"""``console``: one line an event on standard output. ``ui`` is the same here, there being no page to show it on."""

import sys
import time

from simulator.emission.wire import five_keys_json
from simulator.errors import OutputClosedError, SinkError
from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.world.event import Event

FLUSH_S = 0.25


class ConsoleSink(Sink):
    """Lines ``<id> <node>: <JSON object of five keys>``, written out within a second and at every pause."""

    def __init__(self, sink_id: str, *, notice: str = "") -> None:
        self._id = sink_id
        self._notice = notice
        self._flushed_s = 0.0

    def open(self, surroundings: Surroundings) -> None:
        if self._notice:
            surroundings.say(self._notice)

    def send(self, event: Event) -> None:
        line = f"{self._id} {event.node}: {five_keys_json(event)}\n"
        try:
            sys.stdout.write(line)
        except OSError as error:
            raise _as_sink_error(error) from error
        if time.monotonic() - self._flushed_s > FLUSH_S:
            self.idle()

    def idle(self) -> None:
        self._flushed_s = time.monotonic()
        try:
            sys.stdout.flush()
        except OSError as error:
            raise _as_sink_error(error) from error

    def close(self) -> None:
        self.idle()


def _as_sink_error(error: OSError) -> OutputClosedError | SinkError:
    if isinstance(error, BrokenPipeError):
        return OutputClosedError("nobody reads standard output any more")
    return SinkError(f"standard output: {error.strerror or error}")


@SINKS.register("console")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    return ConsoleSink(head.id)


@SINKS.register("ui")
def read_ui(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    notice = f"sink '{head.name}': there is no page for the type ui here, its events go to standard output"
    return ConsoleSink(head.id, notice=notice)
