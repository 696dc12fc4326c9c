"""``manage.py mine``: follow all logs and keep their models up to date."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from models_mining.miner import Miner


class Command(BaseCommand):
    help = "Follow all logs: learn each stored event, save models, cases and checkpoints. Ends on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="learn what is stored now, save it and end")

    def handle(self, *, once: bool, **options: Any) -> None:
        miner = Miner()
        if once:
            learnt = miner.drain()
            self.stderr.write(f"{learnt} events learnt")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        miner.run(stop.is_set)
