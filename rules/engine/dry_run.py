"""A rule over the newest events of its log, changing nothing."""

import time
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from rules.core.run import Run
from rules.core.watches import MatchCandidate
from rules.engine import reading
from rules.engine.factory import build, parted
from rules.engine.verdicts import SPAN, look
from rules.models import Rule
from streams.models import Event

EVENTS = 1000
SECONDS = 5.0  # then it ends where it is
SHOWN = 100  # matches


@dataclass
class Tried:
    """What it found; ``matches`` are the newest ones."""

    events: int = 0
    from_seq: int = 0
    to_seq: int = 0
    count: int = 0
    matches: list[MatchCandidate] = field(default_factory=list)
    notice: str = ""


def try_out(rule: Rule) -> Tried:
    """What the rule would have matched over the newest events, had it begun just before them.

    A rule that compares with what was seen before begins to tell after its ``warm_up``, as always. Verdicts and
    rejections are those there are now.
    """
    log = rule.log
    newest = Event.objects.filter(log=log).order_by("-seq").values_list("seq", flat=True)
    numbers = list(newest[:EVENTS])
    if not numbers:
        return Tried(notice="The log has no events yet.")
    events = reading.after(log.pk, numbers[-1] - 1, EVENTS)
    tried = Tried(len(events), events[0].seq, events[-1].seq)
    trial = Rule(pk=rule.pk or 0, log=log, kind=rule.kind, spec=rule.spec)
    trial.from_seq, trial.changed_at = events[0].seq - 1, events[0].received_at
    watch = build(trial, log.end_activities, known=set())
    watches, whole, judging = parted({trial.pk: watch})
    if judging:
        found = look(log.pk, judging, trial.from_seq, min(tried.to_seq, trial.from_seq + SPAN), told={})
        hits = [hit for _, hit in found.hits] if found is not None else []
        notice = "" if found is not None else "No case of these events was checked against a reference model."
        return _told(tried, hits, notice)
    run = Run(watches, whole, partial(reading.history, log.pk))
    run.cases.update(reading.cases(log.pk, run.missing(events), trial.from_seq))
    began = time.monotonic()
    for number, event in enumerate(events, 1):
        if whole:
            run.look(event.received_at, partial(reading.refused, log.pk))
        run.learn(event)
        if time.monotonic() - began > SECONDS:
            tried.events, tried.to_seq = number, event.seq
            return _told(tried, [hit for _, hit in run.hits], f"It was ended after {SECONDS:g} s.")
    now = timezone.now()
    for name in list(run.cases):
        run.expire(trial.pk, name, now)
    if whole:
        run.look(now, partial(reading.refused, log.pk))
    notice = run.overruns.get(trial.pk) or (watches[trial.pk].error if watches else "")
    return _told(tried, [hit for _, hit in run.hits], notice)


def _told(tried: Tried, hits: list[MatchCandidate], notice: str) -> Tried:
    once = {(hit.case, hit.seq): hit for hit in hits}  # as matches are kept
    tried.count, tried.matches, tried.notice = len(once), list(once.values())[-SHOWN:][::-1], notice
    return tried
