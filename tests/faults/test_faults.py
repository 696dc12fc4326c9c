"""The short run; `make soak` is the long one."""

from pathlib import Path

import pytest

from tests.faults.world import World


def test_nothing_is_lost_twice_or_altered_when_parts_are_killed(tmp_path: Path) -> None:
    with World(tmp_path, bug="none") as world:  # a recorder that dawdles where a kill could do harm
        report = world.run({"ingest": 4, "mine": 2, "web": 1, "broker": 1}, seed=1)
        assert report.clean, report
        assert report.stored == sum(sender.sent for sender in world.senders)
        assert world.audit().endswith(": equal")
        counts = world.counts()
        told = ("stored", "duplicates", "rejected", "ignored")
        assert counts["received"] == sum(counts[name] for name in told)
        assert counts["rejected"] == counts["ignored"] == 0


@pytest.mark.parametrize(("bug", "seen"), [("acknowledge-before-commit", "lost"), ("no-deduplication", "duplicate")])
def test_the_checker_sees_a_planted_bug(tmp_path: Path, bug: str, seen: str) -> None:
    with World(tmp_path, bug=bug, roles=("web", "ingest")) as world:
        report = world.run({"ingest": 3}, seed=2)
    assert getattr(report, seen) > 0, report
