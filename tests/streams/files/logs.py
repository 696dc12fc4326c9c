"""Log files for tests."""

import random
from datetime import UTC, datetime, timedelta

XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="default"/></global>
  <trace>
    <string key="concept:name" value="c/1"/>
    <string key="creator" value="Ann"/>
    <event>
      <string key="concept:name" value="Check + pay"/>
      <date key="time:timestamp" value="2026-01-02T10:00:00.000+01:00"/>
      <float key="cost" value="12.5"><string key="currency" value="EUR"/></float>
      <int key="n" value="3"/>
      <boolean key="ok" value="true"/>
      <date key="due" value="2026-02-01T00:00:00Z"/>
      <int key="wrong" value="x"/>
      <list key="tags"><values><string key="tag" value="red"/></values></list>
    </event>
    <event>
      <string key="concept:name" value="100 %"/>
      <date key="time:timestamp" value="2026-01-02T09:00:00Z"/>
    </event>
  </trace>
  <trace>
    <event>
      <string key="concept:name" value="#1"/>
      <date key="time:timestamp" value="2026-01-01T09:00:00Z"/>
    </event>
  </trace>
</log>
"""


def csv_log(events: int, seed: int = 1) -> str:
    """A log in no order, with equal times, and names that topics cannot hold as they are."""
    chance = random.Random(seed)
    activities = ["A/B", "A+", "#", "50 %", "%2F", "Prüfung 🥕", "plain"]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = ["case,activity,time,kind"]
    for _ in range(events):
        at = start + timedelta(seconds=chance.randrange(events))
        lines.append(f"case/{chance.randrange(20)},{chance.choice(activities)},{at.isoformat()},x")
    return "\n".join(lines) + "\n"
