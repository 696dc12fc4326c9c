"""Saving what rules found: matches with their actions, states and timers, and the cursor, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Max

from foundation.processes import hints
from foundation.processes.leases import Held
from rules.core.novelty import NoveltyWatch
from rules.core.watches import MatchCandidate, State, Watch
from rules.matches.actions import plan_all
from rules.models import Rule, RuleCursor, RuleKnown, RuleMatch, RuleState, RuleTimer
from streams.models import EventLog

MATCHES = "matches"  # the hint: rules of a log (its id) matched
REASON = 1000  # characters
BATCH = 500

Remembered = TypeVar("Remembered", RuleState, RuleTimer)


@dataclass
class RuleBatch:
    """What is to be saved of some rules."""

    hits: Sequence[tuple[int, MatchCandidate]] = ()
    changed: Mapping[tuple[int, str], tuple[int, State | None]] = field(default_factory=dict)
    fired: Sequence[tuple[int, str]] = ()  # timers that have run out


class MatchStore:
    """Saves what the rules of one log found."""

    def __init__(self, log: EventLog, held: Held) -> None:
        self.log, self.held = log, held

    def save(
        self, news: RuleBatch, rules: Mapping[int, Rule], watches: Mapping[int, Watch], *, seq: int, judged_seq: int
    ) -> int:
        """Save it, with how far it stands for; how many matches were new. Rules changed meanwhile begin anew."""
        fresh = [watch for watch in watches.values() if isinstance(watch, NoveltyWatch) and watch.fresh]
        with transaction.atomic():
            self.held.check()
            wanted = {rule for rule, _ in news.hits} | {rule for rule, _ in news.changed}
            wanted |= {watch.rule for watch in fresh}
            now = Rule.objects.select_for_update().filter(pk__in=wanted, enabled=True).order_by("pk")
            same = {pk for pk, version in now.values_list("pk", "version") if rules[pk].version == version}
            matches = self._matches([(rules[rule], hit) for rule, hit in news.hits if rule in same])
            self._states({key: value for key, value in news.changed.items() if key[0] in same}, watches, news.fired)
            known = [RuleKnown(rule_id=one.rule, digest=new) for one in fresh if one.rule in same for new in one.fresh]
            RuleKnown.objects.bulk_create(known, ignore_conflicts=True, batch_size=BATCH)
            RuleCursor.objects.filter(log=self.log).update(seq=seq, judged_seq=judged_seq)
            for match in matches:
                plan_all(match, match.rule.then)
            if matches:
                transaction.on_commit(lambda: hints.send(MATCHES, self.log.pk))
        for watch in fresh:
            watch.fresh.clear()
        return len(matches)

    def _matches(self, hits: Sequence[tuple[Rule, MatchCandidate]]) -> list[RuleMatch]:
        """Those that were not told before, and that no cool-down keeps back."""
        if not hits:
            return []
        pks, cases = {rule.pk for rule, _ in hits}, {hit.case for _, hit in hits}
        seqs = {hit.seq for _, hit in hits}
        theirs = RuleMatch.objects.filter(rule__in=pks, case__in=cases)
        told = set(theirs.filter(seq__in=seqs).values_list("rule", "case", "seq"))
        cool = theirs.filter(rule__in={rule.pk for rule, _ in hits if rule.cooldown_s})
        last: dict[tuple[int, str], datetime] = {
            (rule, case): at
            for rule, case, at in cool.values_list("rule", "case").annotate(at=Max("matched_at")).order_by()
        }
        new: list[RuleMatch] = []
        for rule, hit in hits:
            before = last.get((rule.pk, hit.case))
            if before is not None and hit.known_at < before + timedelta(seconds=rule.cooldown_s):
                continue
            if (rule.pk, hit.case, hit.seq) in told:
                continue
            told.add((rule.pk, hit.case, hit.seq))
            if rule.cooldown_s:
                last[rule.pk, hit.case] = hit.known_at
            new.append(self._match(rule, hit))
        return RuleMatch.objects.bulk_create(new, batch_size=BATCH)

    def _match(self, rule: Rule, hit: MatchCandidate) -> RuleMatch:
        return RuleMatch(
            rule=rule,
            rule_version=rule.version,
            log=self.log,
            severity=rule.severity,
            case=hit.case,
            seq=hit.seq,
            activity=hit.activity,
            at=hit.at,
            matched_at=hit.known_at,
            reason=hit.reason[:REASON],
            context=hit.context,
        )

    def _states(
        self,
        changed: Mapping[tuple[int, str], tuple[int, State | None]],
        watches: Mapping[int, Watch],
        fired: Sequence[tuple[int, str]],
    ) -> None:
        states = [
            RuleState(rule_id=rule, case=case, seq=seq, state=state)
            for (rule, case), (seq, state) in changed.items()
            if state is not None
        ]
        _upsert(RuleState, states, ["seq", "state"])
        _remove(RuleState, [key for key, (_, state) in changed.items() if state is None])
        timers, over = [], set(fired)
        for (rule, case), (_, state) in changed.items():
            due = watches[rule].due(state) if rule in watches else None
            if due is not None:
                timers.append(RuleTimer(rule_id=rule, case=case, due_at=due))
                over.discard((rule, case))
            elif rule in watches and watches[rule].stateful:
                over.add((rule, case))
        _upsert(RuleTimer, timers, ["due_at"])
        _remove(RuleTimer, over)


def _upsert(table: type[Remembered], rows: list[Remembered], fields: list[str]) -> None:
    table.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["rule", "case"], update_fields=fields, batch_size=BATCH
    )


def _remove(table: "type[RuleState] | type[RuleTimer]", keys: Iterable[tuple[int, str]]) -> None:
    by_rule: dict[int, list[str]] = {}
    for rule, case in keys:
        by_rule.setdefault(rule, []).append(case)
    for rule, cases in by_rule.items():
        for place in range(0, len(cases), BATCH):
            table.objects.filter(rule=rule, case__in=cases[place : place + BATCH]).delete()
