"""The mining process: every log that no other miner owns gets a follower that records what is derived from it."""

import time
from collections.abc import Mapping
from typing import ClassVar

from models_mining.followers import Followers
from models_mining.models import MinedModel
from models_mining.painting import PART, Share
from models_mining.recording import Recorder
from streams.leases import Held
from streams.models import EventLog
from streams.progress import Report, ignore


class Miner(Followers[Recorder]):
    """Mines logs until told to stop."""

    prefix: ClassVar[str] = "log"
    group: ClassVar[str] = "miners"

    def __init__(self, report: Report = ignore) -> None:
        super().__init__()
        self.report = report
        self.share = Share(PART)

    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> Recorder:
        return Recorder(log, models, held, self.share, self.report)

    def drain(self) -> int:
        """Learn all that is stored now, save it, and let go; how many events that were."""
        self.look(time.monotonic())
        learnt = sum(follower.mined for follower in self.followers.values())
        for follower in self.followers.values():
            while step := follower.step():
                learnt += step
                self.report(f"log {follower.log.slug}", follower.live.seq, follower.log.next_seq - 1)
        self.close()
        return learnt
