"""The colour that an activity has wherever it is drawn, and sequences of activities as chevrons."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from models_mining.mined_models.queries import default_model
from streams.models import EventLog

HUES = 9  # see static/css/activities.css
WHOLE = 12  # so many chevrons are shown at once
TAIL = 3  # of longer ones


@dataclass(frozen=True)
class Step:
    """An activity, the number of its colour, and why it does not fit the reference model (empty: it does)."""

    activity: str
    hue: int
    why: str = ""


@dataclass(frozen=True)
class ActivitySequence:
    """A sequence of activities; where it is long, ``hidden`` ones are folded between the other two."""

    head: list[Step]
    hidden: list[Step]
    tail: list[Step]
    beyond: int = 0  # more that are not told at all

    def __len__(self) -> int:
        return len(self.head) + len(self.hidden) + len(self.tail) + self.beyond


class Palette:
    """The colours of a log's activities, by the order in which they first appeared: the first nine differ."""

    def __init__(self, log: EventLog) -> None:
        model = default_model(log)
        nodes = model.picture["nodes"] if model and model.picture else []
        self.places: dict[str, int] = {node["label"]: node["id"] for node in nodes if "label" in node}

    @property
    def activities(self) -> list[str]:
        """Their names, in alphabetical order."""
        return sorted(self.places)

    def hue(self, activity: str) -> int:
        """The number of its colour, from 0."""
        return self.places.get(activity, crc32(activity.encode())) % HUES

    def step(self, activity: str, why: str = "") -> Step:
        """The activity with its colour."""
        return Step(activity, self.hue(activity), why)

    def way(self, activities: Iterable[str], beyond: int = 0) -> ActivitySequence:
        """A sequence of activities, folded where it is long."""
        return folded([self.step(activity) for activity in activities], beyond)


def folded(steps: list[Step], beyond: int = 0, whole: int = WHOLE) -> ActivitySequence:
    """Steps as they are shown: all of them, or with a fold for about ``whole``."""
    if len(steps) <= whole:
        return ActivitySequence(steps, [], [], beyond)
    head = whole - TAIL - 1
    return ActivitySequence(steps[:head], steps[head:-TAIL], steps[-TAIL:], beyond)
