"""The mining process: every log that no other miner owns gets a follower that records what is derived from it."""

import time
from collections.abc import Mapping
from typing import ClassVar

from foundation.processes.leases import Held
from foundation.progress import Progress, ignore
from models_mining.mined_models.picture_publisher import PART, Share
from models_mining.mining.log_miner import LogMiner
from models_mining.mining.log_workers import LogWorkers
from models_mining.models import MinedModel
from streams.models import EventLog


class LogMiners(LogWorkers[LogMiner]):
    """Mines logs until told to stop."""

    prefix: ClassVar[str] = "log"
    group: ClassVar[str] = "miners"

    def __init__(self, report: Progress = ignore) -> None:
        super().__init__()
        self.report = report
        self.share = Share(PART)

    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> LogMiner:
        return LogMiner(log, models, held, self.share, self.report)

    def drain(self) -> int:
        """Learn all that is stored now, save it, and let go; how many events that were."""
        self.look(time.monotonic())
        learnt = sum(follower.mined for follower in self.followers.values())
        for follower in self.followers.values():
            while step := follower.tick():
                learnt += step
                self.report(f"log {follower.log.slug}", follower.live.seq, follower.log.next_seq - 1)
        self.close()
        return learnt
