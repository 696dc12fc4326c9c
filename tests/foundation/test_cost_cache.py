"""What costs much is made at most so often, and what costs little each time."""

from typing import Any

from foundation import cost_cache
from foundation.cost_cache import CostCache


def test_what_costs_much_is_kept_until_it_has_changed_and_was_worth_it(monkeypatch: Any) -> None:
    things: CostCache[int] = CostCache()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [things.get("cheap", 1, make).value for _ in range(2)] == [1, 2]  # nothing changed, and yet
    monkeypatch.setattr(cost_cache, "CHEAP_S", -1.0)
    monkeypatch.setattr(cost_cache, "SHARE", 1e-9)  # whatever it cost, it is worth keeping for hours
    first = things.get("dear", 1, make)
    assert things.get("dear", 1, make) is things.get("dear", 2, make) is first
    assert first.at is not None
    monkeypatch.setattr(cost_cache, "SHARE", 1e9)
    again = things.get("other", 1, make)
    assert things.get("other", 1, make) is again  # as nothing has changed
    assert things.get("other", 2, make).value == again.value + 1
    monkeypatch.setattr(cost_cache, "MOST", 1)
    things.get("new", 1, make)
    assert things.get("dear", 1, make).value > first.value  # the oldest went
