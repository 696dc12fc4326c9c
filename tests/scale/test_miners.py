"""Four miners share eight logs; some are killed, one is paused for longer than its lease."""

import signal
from pathlib import Path

from tests.conftest import wait_for
from tests.scale.conftest import Plant

LOGS = 8
FEED = """
import random, time
from pathlib import Path
from datetime import UTC, datetime, timedelta
from streams.models import EventLog
from streams.events.store import NewEvent, store_events
logs = list(EventLog.objects.order_by("pk"))
chance = random.Random(1)
at = datetime(2026, 1, 2, tzinfo=UTC)
number = 0
while not Path("{enough}").exists():
    number += 1
    for log in logs:
        store_events([
            NewEvent(log.pk, f"c{chance.randrange(30)}", f"A{chance.randrange(6)}",
                     at + timedelta(minutes=number, seconds=chance.randrange(3600)), datetime.now(UTC))
            for _ in range(5)
        ])
    time.sleep(0.2)  # a load that leaves room for the miners
"""
LOGS_MADE = """
from streams.models import EventLog
for number in range(8):
    EventLog.objects.create(slug=f"l{number}", name=f"l{number}", end_activities=["A5"])
"""
PICTURES = "SELECT id, seq, version FROM models_mining_minedmodel WHERE algorithm = 'dfg' ORDER BY id"
LAST = "SELECT sum(next_seq - 1) FROM streams_eventlog"


def test_killed_and_paused_miners_leave_every_picture_right(plant: Plant, tmp_path: Path) -> None:
    plant.installation.manage("shell", "-v0", "-c", LOGS_MADE)
    miners = [plant.start("mine") for _ in range(4)]
    plant.wait_for_owners("log:", LOGS, *miners)

    def evenly() -> bool:
        owners = list(plant.owners("log:").values())
        return [owners.count(miner.pid) for miner in miners] == [2, 2, 2, 2]

    wait_for(evenly, 30, "two logs for each miner")

    enough = tmp_path / "enough"
    feed = plant.script(FEED.replace("{enough}", str(enough)))
    wait_for(lambda: plant.number(LAST) > 200, 20, "the first events")
    killed, paused, *others = miners
    paused.send_signal(signal.SIGSTOP)
    killed.kill()
    killed.wait()
    before = plant.query(PICTURES)

    def newer() -> bool:
        return all(new[1] > old[1] for new, old in zip(plant.query(PICTURES), before, strict=True))

    plant.wait_for_owners("log:", LOGS, *others)
    wait_for(newer, 20, "newer pictures by the successors")
    before = plant.query(PICTURES)
    paused.send_signal(signal.SIGCONT)
    plant.wait_for_owners("log:", LOGS, paused, *others)  # it takes part again, of what the others let go
    for now, old in zip(plant.query(PICTURES), before, strict=True):
        assert now[1:] >= old[1:], "an older picture came back"

    enough.touch()
    assert feed.wait(30) == 0
    last = plant.number(LAST)
    wait_for(lambda: sum(row[1] for row in plant.query(PICTURES)) == last, 30, "all events mined")
    plant.stop_all()
    told = plant.installation.manage("audit", "--all", "--algorithm", "dfg").splitlines()[-1]
    assert told.startswith(f"{LOGS} logs, {last} events")
    assert told.endswith("equal")
