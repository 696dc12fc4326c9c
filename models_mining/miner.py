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


class Miner(Followers[Recorder]):
    """Mines logs until told to stop."""

    prefix: ClassVar[str] = "log"
    group: ClassVar[str] = "miners"

    def __init__(self) -> None:
        super().__init__()
        self.share = Share(PART)

    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> Recorder:
        return Recorder(log, models, held, self.share)

    def drain(self) -> int:
        """Learn all that is stored now, save it, and let go; how many events that were."""
        self.look(time.monotonic())
        learnt = 0
        for follower in self.followers.values():
            while step := follower.step():
                learnt += step
        self.close()
        return learnt
