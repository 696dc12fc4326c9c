"""Matches on the live socket: the newest, then each as it comes, to those who may view the log."""

import pytest

from rules.models import RuleMatch
from tests.live.socket.test_limits import Talk, boss, in_thread, log, run
from tests.rules.conftest import Store, Watch, evaluate
from tests.rules.truth import Told

__all__ = ["boss", "log"]  # fixtures: a log, and a feed of its own


@pytest.mark.django_db(transaction=True)
def test_matches_come_as_they_are_found_with_what_was_left_out(store: Store, watch: Watch, boss: str) -> None:
    rule = watch("event", when="event.activity == 'Cut'")
    store(*(Told(f"c{n}", "Cut", n) for n in range(60)))
    evaluate()

    def more() -> None:
        store(Told("late", "Paint", 100), Told("late", "Cut", 101))
        evaluate()

    async def talk(one: Talk) -> None:
        assert (await one.ask("subscribe", log="plant", include=["matches"], rate_hz=20))["ok"]
        first = await one.wait_for("matches")
        assert [found["case"] for found in first["matches"]] == [f"c{n}" for n in range(10, 60)]
        await in_thread(more)
        then = await one.wait_for("matches")
        assert (then["after"], then["upto"], then["skipped"]) == (50, 51, 0)
        [found] = then["matches"]
        assert (found["case"], found["seq"], found["rule"], found["severity"]) == ("late", 62, rule.pk, "warning")

    run(talk, authorization=boss)
    assert RuleMatch.objects.count() == 61
