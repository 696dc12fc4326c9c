"""``manage.py loadbackend``: play the timeframes of a load test into a broker at their exact rate."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from simulator.errors import SimulatorError
from simulator.loadbackend.backend import Backend
from simulator.loadbackend.outputs import sink_for
from simulator.loadbackend.web import serving
from simulator.stopping import stop_on_signals

BUFFER_MIB = 64


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise ArgumentTypeError(f"got '{text}', expected a port, 0 for a free one")
    return int(text)


def _mebibytes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_536:
        raise ArgumentTypeError(f"got '{text}', expected a whole number of MiB from 1 on")
    return int(text)


class Command(BaseCommand):
    help = (
        "Take timeframes of events over HTTP (POST /loadgenerator/register and /start, as simulate's loadTest sends "
        "them) and play them into a broker at their exact rate. GET /loadgenerator/status tells how it goes; "
        "Ctrl-C ends it with a report."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=_port, default=8080, help="port to listen on (default: %(default)s)")
        parser.add_argument(
            "--broker",
            required=True,
            metavar="URL",
            help="where to play to: mqtt://user:password@host:port, mqtts://… or kafka://host:port",
        )
        parser.add_argument(
            "--topic",
            required=True,
            help="MQTT: BASE/PROCESS, events go to BASE/PROCESS/<case>/<activity> as MQTT-XES; Kafka: the topic",
        )
        parser.add_argument(
            "--buffer",
            type=_mebibytes,
            default=BUFFER_MIB,
            metavar="MIB",
            help="room for timeframes that wait, in MiB (default: %(default)s); what does not fit is answered with 503",
        )

    def handle(self, *, host: str, port: int, broker: str, topic: str, buffer: int, **options: Any) -> None:
        try:
            sink = sink_for(broker, topic)
        except ValueError as error:
            raise CommandError(str(error)) from error
        backend = Backend(sink, limit_bytes=buffer * 2**20, say=self._say)
        try:
            with stop_on_signals(backend.stop), serving(backend, host, port) as url:
                self._say(f"listening on {url}")
                self._run(backend)
        except SimulatorError as error:
            raise CommandError(str(error)) from error

    def _run(self, backend: Backend) -> None:
        try:
            backend.run()
        finally:
            for line in backend.report():
                self._say(line)

    def _say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)
