"""Something that was never seen before."""

from hashlib import blake2b

from rules.core.case_event import CaseEvent
from rules.core.specs import NoveltySpec
from rules.core.watches import Found, State, Watch, about


class NoveltyWatch(Watch):
    """Knows what it has seen as digests: ``known`` all of them, ``fresh`` those that are not saved yet."""

    def __init__(self, rule: int, from_seq: int, spec: NoveltySpec, known: set[str]) -> None:
        super().__init__(rule, from_seq)
        self.spec, self.known = spec, known
        self.fresh: list[str] = []
        self.stateful = spec.of == "variant"

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        find = {"activity": self._activity, "edge": self._edge, "variant": self._variant}[self.spec.of]
        reason = find(seen)
        event = seen.event
        if reason is None or state is not None or event.seq - self.from_seq <= self.spec.warm_up:
            return state, []
        return {"strayed": True} if self.stateful else None, [
            about(event, f"{event.case}: {reason}", seen.known_at, of=self.spec.of)
        ]

    def _activity(self, seen: CaseEvent) -> str | None:
        name = seen.event.activity
        return f"“{name}” was never seen before." if self._new(name.encode(errors="replace")) else None

    def _edge(self, seen: CaseEvent) -> str | None:
        name = seen.event.activity
        before = seen.previous.activity if seen.previous is not None else ""
        reason = None
        if self._new(f"{before}\x1f{name}".encode(errors="replace")):
            reason = f"“{name}” never followed “{before}” before." if before else f"no case began with “{name}” before."
        if seen.following is not None:
            after = seen.following.activity
            if self._new(f"{name}\x1f{after}".encode(errors="replace")) and reason is None:
                reason = f"“{after}” never followed “{name}” before."
        return reason

    def _variant(self, seen: CaseEvent) -> str | None:
        """Where a case leaves the ways that are known; it strays from there on, and is not told again."""
        before, now, *later = seen.ways
        left_known = seen.previous is None or _digest(before) in self.known
        new = self._new(now)
        for way in later:
            self._new(way)
        return f"no case went this way before, with “{seen.event.activity}” now." if new and left_known else None

    def _new(self, what: bytes) -> bool:
        digest = _digest(what)
        if digest in self.known:
            return False
        self.known.add(digest)
        self.fresh.append(digest)
        return True


def _digest(what: bytes) -> str:
    return blake2b(what, digest_size=16).hexdigest()
