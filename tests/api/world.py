"""One of everything the API knows, for tests that ask for all of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User

from accounts.groups import make_groups
from accounts.tokens import create_token
from models_mining.jobs import jobs
from models_mining.mined_models.pictures import snapshot
from models_mining.mining.miner import LogMiners
from models_mining.models import MinedModel, Snapshot
from rules.models import Notification, Notifier, Rule, RuleMatch
from sheets.admin import EXAMPLE as QUESTIONS
from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.prompts.prompts import invite
from simulations.models import Simulation
from streams.events.store import NewEvent, store_events
from streams.models import Broker, EventLog, Rejection, Republish, Stream

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ROLES = ("Viewer", "Analyst", "Operator", "Admin", "superuser", "stranger")


@dataclass
class World:
    """``tokens`` by role; ``known`` values of path parameters, by the resource they belong to."""

    tokens: dict[str, str]
    known: dict[str, Any]


def make_world() -> World:
    """Whatever is missing is made; a log ``factory`` with a stream, mined, and all that hangs on it."""
    if not Group.objects.filter(name="Admin").exists():
        make_groups()
    tokens, names = {}, {}
    for role in ROLES:
        user, _ = User.objects.get_or_create(username=role.lower(), is_superuser=role == "superuser")
        user.groups.set(Group.objects.filter(name=role))
        token, tokens[role] = create_token(user, ("read", "ingest", "control"))
        names[role] = token.name
    owner = User.objects.get(username="superuser")
    for other in EventLog.objects.filter(name="Factory").exclude(slug="factory"):  # ours, moved to another address
        other.name = f"Factory {other.pk}"
        other.save(update_fields=["name"])
    log, new = EventLog.objects.update_or_create(
        slug="factory",
        defaults={
            "name": "Factory",
            "end_activities": ["Ship"],
            "archived_at": None,
            "memory": {},
            "idle_close_s": None,
        },
    )
    broker, _ = Broker.objects.update_or_create(
        name="plant", defaults={"host": "127.0.0.1", "port": 1, "kind": "mqtt", "tls": False}
    )
    stream, _ = Stream.objects.update_or_create(
        slug="line-1",
        defaults={
            "name": "Line 1",
            "broker": broker,
            "topic": "line1",
            "log": log,
            "archived_at": None,
            "enabled": False,
        },
    )
    rejection = Rejection.objects.filter(stream=stream, retried_at=None).first() or Rejection.objects.create(
        stream=stream, received_at=NOON, topic="line1/x", payload=b"{}", reason="not_object", detail="No event."
    )
    republish, _ = Republish.objects.update_or_create(log=log, broker=broker, topic="out", defaults={"enabled": False})
    model, _ = MinedModel.objects.get_or_create(log=log, algorithm="dfg", cases="all", parameters={})
    if new:
        steps = [(case, name) for case in ("order-7", "order-8") for name in ("Take", "Pack", "Ship")][:-1]
        ats = [NOON + timedelta(minutes=n) for n in range(len(steps))]
        store_events([NewEvent(log.pk, *step, at, at) for step, at in zip(steps, ats, strict=True)])
        LogMiners().drain()
        model.refresh_from_db()
    kept = Snapshot.objects.filter(model=model).first()
    if kept is None and model.picture:
        about = {"algorithm": "dfg", "parameters": {}, "cases": "all", "seq": model.seq, "created_by": owner}
        kept = Snapshot.objects.create(model=model, name="before", picture=snapshot(model.picture), **about)
    job = jobs.start("picture", log, {"algorithm": "dfg", "parameters": {}, "cases": "all", "as_of": 1}, owner)
    simulation = Simulation.objects.filter(log=log).first() or Simulation.objects.create(
        config="", log=log, owner=owner, count=1, state="finished"
    )
    ops, _ = Notifier.objects.update_or_create(
        name="ops", defaults={"kind": "slack", "url": "http://hooks.invalid/", "enabled": False}
    )
    told = Notification.objects.filter(log=log).first() or Notification.objects.create(
        notifier=ops, log=log, text="Late", event={}, created_at=NOON
    )
    rule, _ = Rule.objects.get_or_create(
        log=log, name="Packed", kind="event", defaults={"spec": {"when": "event.activity == 'Pack'"}}
    )
    match = RuleMatch.objects.filter(log=log).first() or RuleMatch.objects.create(
        rule=rule,
        rule_version=1,
        log=log,
        case="order-7",
        seq=2,
        activity="Pack",
        at=NOON,
        matched_at=NOON,
        reason="x",
        severity="info",
    )
    sheet, _ = Sheet.objects.get_or_create(
        slug="delay", defaults={"name": "Delay", "log": log, "label": "Why did it take long?", "questions": QUESTIONS}
    )
    prompt = Prompt.objects.filter(log=log).first() or invite(sheet, "order-7", f"ann {Prompt.objects.count()}")
    answer = Answer.objects.filter(log=log).first() or Answer.objects.create(
        prompt=prompt, log=log, answers={"late": True}, at=NOON
    )
    mapping, _ = ReportMapping.objects.get_or_create(client="playground", defaults={"log": log})
    schedule = Schedule.objects.first() or Schedule.objects.create(sheet=sheet, respondents=["ann"])
    numbers = {
        "prompts": prompt.pk,
        "answers": answer.pk,
        "report-mappings": mapping.pk,
        "sheet-schedules": schedule.pk,
        "rules": rule.pk,
        "rule-matches": match.pk,
        "notifiers": ops.pk,
        "notifications": told.pk,
        "brokers": broker.pk,
        "rejections": rejection.pk,
        "republish": republish.pk,
        "models": model.pk,
        "snapshots": kept.pk if kept is not None else 0,
        "jobs": job.pk,
        "simulations": simulation.pk,
    }
    slugs = {
        "logs": "factory",
        "streams": "line-1",
        "cases": "order-7",
        "tokens": names["superuser"],
        "sheets": "delay",
    }
    return World(tokens, numbers | slugs)
