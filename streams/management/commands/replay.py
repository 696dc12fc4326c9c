"""Publish a log file as if it happened now."""

import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from foundation.management.domain_command import DomainCommand
from foundation.processes.shutdown import stop_on_signal
from foundation.progress import Progress
from streams.brokers.mqtt import Address, Publisher
from streams.files import Columns
from streams.files.replay import Outgoing, outgoing, send
from streams.parsing.topics import TopicError, check_filter


class Command(DomainCommand):
    help = (
        "Publish a log file (XES, XES.gz, CSV) as MQTT-XES events, in the order of their times. Names are "
        "percent-escaped in the topic: register the stream that records them with the option escapes=percent."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--broker", metavar="URL", help="mqtt://host:port; the embedded broker by default")
        parser.add_argument("--base", default="procmine", metavar="TOPIC", help="topic before the process (procmine)")
        parser.add_argument("--process", metavar="NAME", help="the process, which names the log; the file's by default")
        parser.add_argument("--speed", type=float, default=1.0, help="times the log's own; 0: as fast as it goes (1)")
        parser.add_argument("--qos", type=int, choices=(0, 1, 2), default=1)
        parser.add_argument("--case", metavar="COLUMN", help="CSV: where the case is; found by its name by default")
        parser.add_argument("--activity", metavar="COLUMN", help="CSV: where the activity is")
        parser.add_argument("--timestamp", metavar="COLUMN", help="CSV: where the time is")

    def handle(self, *, file: Path, **options: Any) -> None:
        if not 0 <= options["speed"] < float("inf"):
            raise CommandError("--speed must be 0 or more.")
        process = options["process"] or file.name.removesuffix(".gz").rpartition(".")[0] or file.name
        columns = Columns(options["case"], options["activity"], options["timestamp"])
        stop = threading.Event()
        base = _checked_base(options["base"])
        address = Address.from_url(options["broker"] or _embedded_broker())
        messages = outgoing(file, base, process, columns)
        with stop_on_signal(stop), Publisher(address, options["qos"]) as publisher:
            sent, took_s = self._send(messages, publisher, options["speed"], stop)
        rest = f" of {len(messages)}, stopped" if sent < len(messages) else ""
        rate = sent / took_s if took_s > 0 else 0.0
        self.stderr.write(f"{sent} events sent{rest} in {took_s:.1f} s, {rate:.0f} a second, to {base}/… at {address}")

    def _send(
        self, messages: list[Outgoing], publisher: Publisher, speed: float, stop: threading.Event
    ) -> tuple[int, float]:
        began = time.monotonic()
        sent = 0
        with Progress(self.stderr) as progress:
            for sent in send(messages, publisher.publish, speed, stop):
                progress("sending", sent, len(messages))
            publisher.finish()
        return sent, time.monotonic() - began


def _checked_base(base: str) -> str:
    base = base.strip("/")
    check_filter(base or "#")
    if set(base) & set("+#"):
        raise TopicError(f"--base {base}: events are published below one topic, so no + and #.")
    return base


def _embedded_broker() -> str:
    told = settings.VAR / "ports" / "broker"
    port = told.read_text().strip() if told.exists() else settings.BROKER_PORT
    return f"mqtt://127.0.0.1:{port}"
