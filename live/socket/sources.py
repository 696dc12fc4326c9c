"""What subscriptions follow: a model's picture, the newest events or rejections of a log. Pure, in memory.

A source knows the newest state only. What a client is sent follows from the state it shows, so there is no queue per
client, and all who show the same are sent the same text, encoded once.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from live.socket import messages, protocol
from models_mining.mined_models.pictures import Picture, delta, snapshot

_PICTURE = frozenset(("model", "moves"))
_ROOM = protocol.MAX_MESSAGE - 256  # for the members before a body


@dataclass
class Shown:
    """The state that a client was sent last; nothing yet: ``version`` −1."""

    epoch: str = ""
    version: int = -1
    seq: int = 0


class PictureSource:
    """A model's newest picture."""

    kind = "version"  # the member of an acknowledgement that is about it

    def __init__(self) -> None:
        self.picture: Picture = {}  # none yet
        self._bodies: dict[tuple[int, frozenset[str]], tuple[str, str] | None] = {}
        self._texts: dict[tuple[int, int, frozenset[str]], str | None] = {}

    @property
    def key(self) -> tuple[str, int] | None:
        """Epoch and version, as `live.socket.queries.versions` tells them."""
        return (self.picture["epoch"], self.picture["version"]) if self.picture else None

    @property
    def seq(self) -> int:
        """The last event that it stands for."""
        return int(self.picture["seq"]) if self.picture else 0

    def keep(self, picture: Picture) -> None:
        """This is the newest one, unless a newer one of its epoch is known."""
        known = self.picture
        if not known or known["epoch"] != picture["epoch"] or known["version"] < picture["version"]:
            self.picture = picture
            self._bodies.clear()
            self._texts.clear()

    def has_news_for(self, shown: Shown) -> bool:
        """Whether there is more than a client shows. Another epoch is: nobody goes back to one."""
        picture = self.picture
        return bool(picture) and (picture["epoch"] != shown.epoch or picture["version"] > shown.version)

    def message(self, sub: int, shown: Shown, include: frozenset[str]) -> str | None:
        """A delta where one is possible, else a snapshot; None where both are larger than a message may be."""
        since = shown.version if shown.epoch == self.picture["epoch"] else -1
        key = (sub, since, include)
        if key not in self._texts:
            body = self._body(since, include & _PICTURE)
            self._texts[key] = None if body is None else f'{{"type":"{body[0]}","sub":{sub},{body[1]}'
        return self._texts[key]

    def _body(self, since: int, include: frozenset[str]) -> tuple[str, str] | None:
        key = (since, include)
        if key not in self._bodies:
            self._bodies[key] = _picture_body(self.picture, since, include)
        return self._bodies[key]

    def newest(self) -> Shown:
        """What a client shows that was sent a message now."""
        return Shown(self.picture["epoch"], self.picture["version"], self.picture["seq"])


def _picture_body(picture: Picture, since: int, include: frozenset[str]) -> tuple[str, str] | None:
    """The message's type, and what follows its ``sub``."""
    for kind, content in (("delta", delta(picture, since) if since >= 0 else None), ("snapshot", snapshot(picture))):
        if content is None:
            continue  # too old for a delta
        if "model" not in include:
            content = {name: value for name, value in content.items() if name not in ("nodes", "edges", "removed")}
        if "moves" not in include:
            content = {name: value for name, value in content.items() if name not in ("moves", "moves_omitted")}
        body = messages.members(content)
        if len(body.encode()) <= _ROOM:
            return kind, body
    return None


@dataclass
class LogTail:
    """The newest rows of something that only grows, numbered 1, 2, 3 …: the last is ``upto``, -1: not known yet."""

    kind: str
    upto: int = -1
    last_id: int = 0  # of the rows, where they have numbers of their own
    rows: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=protocol.TAIL))

    @property
    def seq(self) -> int:
        """The number of the last row."""
        return max(self.upto, 0)

    def grow(self, upto: int, rows: list[tuple[int, Any]], last_id: int = 0) -> None:
        """Rows came, of which these are known; ``upto`` is the number of the newest."""
        self.upto, self.last_id = upto, last_id
        for number, row in rows:
            encoded = msgspec.json.encode(row)
            if len(encoded) <= _ROOM // 4:  # one that would fill a message is counted as skipped
                self.rows.append((number, encoded))

    def has_news_for(self, shown: Shown) -> bool:
        """Whether there are rows that a client was not sent; the first message comes also where there are none."""
        return self.upto > shown.version

    def message(self, sub: int, shown: Shown, include: frozenset[str]) -> str | None:
        """The newest rows that a client has not, as many as a message may hold, and how many are left out."""
        after = shown.version if shown.version >= 0 else max(0, self.upto - protocol.TAIL)
        chosen: deque[bytes] = deque()
        room = _ROOM
        for number, row in reversed(self.rows):
            room -= len(row) + 1
            if number <= after or room < 0:
                break
            chosen.appendleft(row)
        head = {"sub": sub, "after": after, "upto": self.upto, "skipped": self.upto - after - len(chosen)}
        rest = messages.members({**head, self.kind: msgspec.Raw(b"[" + b",".join(chosen) + b"]")})
        return f'{{"type":"{self.kind}",{rest}'

    def newest(self) -> Shown:
        """What a client shows that was sent a message now."""
        return Shown("", self.upto, self.upto)


Source = PictureSource | LogTail
