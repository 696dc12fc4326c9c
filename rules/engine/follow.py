"""Following one log with its rules: from a cursor on, chunk by chunk, each saved whole or not at all."""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from foundation.processes.leases import Held
from rules.core.novelty import NoveltyWatch
from rules.core.run import Run
from rules.core.specs import SpecError
from rules.engine import reading, verdicts
from rules.engine.factory import AnyWatch, build, parted
from rules.matches.match_store import MatchStore, RuleBatch
from rules.models import Rule, RuleCursor, RuleState, RuleTimer
from streams.models import EventLog

logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0  # between two looks at timers, at the log as a whole, and at verdicts
TRIM_EVENTS = 10_000  # between two looks whether states are to be let go
KNOWN = 100_000  # things that a rule of the kind novelty may know


class RuleWorker:
    """The rules of one log at work."""

    def __init__(self, log: EventLog, held: Held) -> None:
        self.log, self.held = log, held
        self.rules: dict[int, Rule] = {}
        cursor, _ = RuleCursor.objects.get_or_create(log=log)
        self.seq, self.judged_seq = cursor.seq, cursor.judged_seq
        self.run = Run({}, {}, partial(reading.history, log.pk))
        self.judging: dict[int, verdicts.DeviationWatch] = {}
        self.keeper = MatchStore(log, held)
        self._watches: dict[int, AnyWatch] = {}
        self._polled_at = float("-inf")
        self._trimmed_seq = 0
        self._refresh()
        begins = min((rule.from_seq for rule in self.rules.values()), default=0)
        self.seq = max(self.seq, begins)
        self.run.newest = reading.newest(log.pk, self.seq)
        states = RuleState.objects.filter(rule__in=self.run.whole, case="")
        self.run.log_states = dict(states.values_list("rule", "state"))
        self._next_due = self._first_due()

    # --- Rules --------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Take up rules that are new or changed, let go of those that are off."""
        now = Rule.objects.filter(log=self.log, enabled=True)
        versions = dict(now.values_list("pk", "version"))
        if versions == {pk: rule.version for pk, rule in self.rules.items()}:
            return
        for pk in [pk for pk, rule in self.rules.items() if versions.get(pk) != rule.version]:
            self._forget(pk)
        for rule in now.filter(pk__in=versions.keys() - self.rules.keys()):
            rule.log = self.log
            try:
                self._watches[rule.pk] = build(rule, self.log.end_activities)
            except SpecError as error:
                self._disable(rule, f"It cannot be read any more: {'/'.join(map(str, error.path))}: {error}")
                continue
            self.rules[rule.pk] = rule
        self.run.watches, self.run.whole, self.judging = parted(self._watches)

    def _forget(self, rule: int) -> None:
        del self.rules[rule]
        self._watches.pop(rule, None)
        self.run.log_states.pop(rule, None)
        for case in self.run.cases.values():
            case.states.pop(rule, None)

    def _disable(self, rule: Rule, notice: str) -> None:
        """Switch a rule off and say why; it begins anew when somebody switches it on."""
        logger.warning("Rule %s of log %s is switched off: %s", rule.pk, self.log.slug, notice)
        rule.enabled, rule.notice = False, notice
        if Rule.objects.filter(pk=rule.pk, version=rule.version, enabled=True).exists():
            rule.save(update_fields=["enabled", "notice"])

    # --- Events -------------------------------------------------------------------------

    def tick(self) -> int:
        """Evaluate the next events, if there are any, and save what they brought; how many."""
        events = reading.after(self.log.pk, self.seq, reading.CHUNK)
        self._refresh()  # after they were read: a rule that was saved before any of them is known now
        if not events or not self.rules:
            return 0
        self._load(self.run.missing(events), before=events[0].seq)
        for event in events:
            self.run.learn(event)
        self._save(events[-1].seq)
        return len(events)

    def _load(self, names: Iterable[str], before: int) -> None:
        """Bring cases into memory as they were before an event."""
        wanted = list(names)
        self.run.cases.update(reading.cases(self.log.pk, wanted, before - 1))
        stateful = [pk for pk, watch in self.run.watches.items() if watch.stateful]
        for place in range(0, len(wanted) if stateful else 0, reading.PARAMETERS):
            some = wanted[place : place + reading.PARAMETERS]
            rows = RuleState.objects.filter(rule__in=stateful, case__in=some)
            for rule, case, state in rows.values_list("rule", "case", "state"):
                if case in self.run.cases:
                    self.run.cases[case].states[rule] = state

    def _save(self, seq: int, fired: Iterable[tuple[int, str]] = ()) -> None:
        run = self.run
        news = RuleBatch(run.hits, run.changed, list(fired))
        self.keeper.save(news, self.rules, run.watches, seq=seq, judged_seq=self.judged_seq)
        self.seq = seq
        dues = [run.watches[rule].due(state) for (rule, _), (_, state) in run.changed.items() if rule in run.watches]
        soonest = min((due for due in [*dues, self._next_due] if due is not None), default=None)
        self._next_due = self._first_due() if fired else soonest
        overruns = dict(run.overruns)
        for watch in run.watches.values():
            if isinstance(watch, NoveltyWatch) and len(watch.known) > KNOWN:
                overruns[watch.rule] = f"It knows {KNOWN} things, and everything is new all the time."
        run.cleared()
        for pk, why in overruns.items():
            self._disable(self.rules[pk], why)
        if overruns:
            self._refresh()
        if seq >= self._trimmed_seq + TRIM_EVENTS:
            self._trim()

    def _trim(self) -> None:
        """Let go of what the oldest cases have begun, where a rule remembers more cases than it may."""
        self._trimmed_seq = self.seq
        for pk in [*(pk for pk, watch in self.run.watches.items() if watch.stateful), *self.judging]:
            rows = RuleState.objects.filter(rule=pk).order_by("-seq")
            oldest = rows.values_list("seq", flat=True)[settings.RULE_CASES : settings.RULE_CASES + 1].first()
            if oldest is not None:
                rows.filter(seq__lte=oldest).order_by().delete()

    def close(self) -> None:
        """A clean end: all is saved already."""
        self.held.let_go()

    def abandon(self) -> None:
        """An end that saves nothing: there is nothing to save."""

    # --- The clock ----------------------------------------------------------------------

    def look(self, now: float) -> float:
        """With all events known: timers that have run out, the log as a whole, verdicts; when to come back."""
        if now < self._polled_at + POLL_INTERVAL_S:
            return self._polled_at + POLL_INTERVAL_S
        self._polled_at = now
        moment = timezone.now()
        if reading.after(self.log.pk, self.seq, 1):  # it may hold what a timer waits for
            return now
        self._refresh()
        fired = self._expire(moment)
        self.run.look(moment, partial(reading.refused, self.log.pk))
        if fired or self.run.hits or self.run.changed:
            self._save(self.seq, fired)
        return now if self._judge() else now + POLL_INTERVAL_S

    def _first_due(self) -> datetime | None:
        first: datetime | None = RuleTimer.objects.filter(rule__in=self.rules).aggregate(due=Min("due_at"))["due"]
        return first

    def _expire(self, now: datetime) -> list[tuple[int, str]]:
        if self._next_due is None or self._next_due > now:
            return []
        due = RuleTimer.objects.filter(rule__in=self.rules, due_at__lte=now).order_by("due_at", "pk")
        fired = list(due.values_list("rule", "case")[: reading.CHUNK])
        self._load({case for _, case in fired if case not in self.run.cases}, before=self.seq + 1)
        for rule, case in fired:
            self.run.expire(rule, case, now)
        return fired

    def _judge(self) -> bool:
        """Whether there were verdicts to look at."""
        if not self.judging:
            return False
        begins = min(watch.from_seq for watch in self.judging.values())
        found = verdicts.look(self.log.pk, self.judging, max(self.judged_seq, begins), self.seq)
        if found is None:
            return False
        news = RuleBatch(found.hits, found.changed)
        self.keeper.save(news, self.rules, {}, seq=self.seq, judged_seq=found.upto)
        self.judged_seq = found.upto
        return True
