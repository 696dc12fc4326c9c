"""Small configurations, written as a person would write them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from simulator.simulation import Simulation
from simulator.sinks.test import ListSink
from simulator.world.event import Event

START = """
    kind: datasource
    name: <start>
    spec:
      name: <start>
      group: ""
      selection: genericProbability
      distribution: [1.0]
      eventData:
        - {activity: "", transition: Press, duration: 0}
"""

PRESS = """
    kind: datasource
    name: Press
    spec:
      name: Press
      group: hall
      selection: genericProbability
      distribution: [0.7, 0.3]
      eventData:
        - {activity: press, transition: <end>, duration: 2}
        - {activity: jam, transition: Press, duration: 1.5}
"""

SINK = """
    kind: sink
    name: kept
    spec:
      type: test
      dataSourceRefs: [Press]
"""

COUNTED = """
    kind: simulation
    name: counted
    spec:
      type: countBased
      caseId: increasing
      maxConcurrentCases: 3
      steps: 10
"""

SOUND = {"start.yaml": START, "press.yaml": PRESS, "sink.yaml": SINK, "simulation.yaml": COUNTED}

MQTT_SINK = """
    kind: sink
    name: broker
    spec:
      type: mqtt
      broker: mqtt://127.0.0.1:1
      base: plant/a
      process: PROCESS
      dataSourceRefs: [Press]
"""


LOAD = "load: {loadBehavior: constant, load: 7.9}"
LOAD_TEST = COUNTED.replace("countBased", "loadTest").replace("steps: 10", f"genTimeframesTilStart: 2\n      {LOAD}")


def http_sink(url: str, *refs: str, more: str = "timeframe: 100") -> str:
    """A sink that posts the events of ``refs`` to ``url``."""
    text = SINK.replace("type: test", f"type: http\n      url: {url}\n      {more}")
    return text.replace("[Press]", f"[{', '.join(refs or ['Press'])}]")


class FakeClock:
    """Time that passes only by sleeping, or by ``work_s`` at each reading."""

    def __init__(self, work_s: float = 0.0) -> None:
        self.now_s = 1_000.0
        self.work_s = work_s

    def monotonic(self) -> float:
        self.now_s += self.work_s
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The files in ``folder``; returns the folder."""
    for name, text in files.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder


def sound_but(folder: Path, **changed: str) -> Path:
    """A sound configuration in which some files are replaced (``press="…"``) or added."""
    return write(folder, SOUND | {f"{name}.yaml": text for name, text in changed.items()})


def edge(activity: str, target: str, duration: object = 1) -> dict[str, object]:
    return {"activity": activity, "transition": target, "duration": duration}


def datasource(name: str, edges: Sequence[dict[str, object]], **spec: Any) -> dict[str, Any]:
    """A datasource that chooses evenly unless told otherwise."""
    whole = {"name": name, "group": f"group of {name}", "selection": "uniform", "eventData": list(edges)} | spec
    return {"kind": "datasource", "name": name, "spec": whole}


def simulation(steps: int = 1, cases: int = 1, **spec: Any) -> dict[str, Any]:
    whole = {"type": "countBased", "caseId": "increasing", "steps": steps, "maxConcurrentCases": cases} | spec
    return {"kind": "simulation", "name": f"s{steps}", "spec": whole}


def run(folder: Path, *documents: dict[str, Any], seed: int | None = 1, **options: Any) -> list[Event]:
    """The events of a run of these documents."""
    for number, document in enumerate(documents):
        (folder / f"{number:03}.json").write_text(json.dumps(document), encoding="utf-8")
    kept = ListSink()
    Simulation.load([folder], seed=seed).add_sink(kept).run(**options)
    return kept.events
