"""A log that is nobody else's business, one row of everything that belongs to it, and people who knock."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Token
from accounts.tokens import create_token
from models_mining.jobs import jobs
from models_mining.models import Analysis, Case, DriftChange, Job, LogState, MinedModel, Prediction, ReferenceModel
from models_mining.models.references import CaseConformance
from models_mining.models.snapshots import Snapshot
from rules.models import Notification, Notifier, Rule, RuleMatch
from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.prompts.prompts import invite
from simulations.models import Simulation
from streams.models import Broker, Event, EventLog, Import, LogGrant, Rejection, Republish, Stream
from tests.live.pages.test_pages import picture

SECRET = "confidential"  # in the content of every row of the log, never in a URL
CASE = "order-7"
PICTURE = picture(SECRET, "Pack")
GRAPH = {"kind": "graph", "nodes": [], "edges": [], "remarks": [SECRET]}
GROUPS = ("Viewer", "Analyst", "Operator", "Admin")

NUMBERED = {
    "brokers": Broker,
    "connect": Broker,
    "grants": LogGrant,
    "jobs": Job,
    "matches": RuleMatch,
    "models": MinedModel,
    "notifications": Notification,
    "notifiers": Notifier,
    "invitations": Prompt,
    "prompts": Prompt,
    "answers": Answer,
    "report-mappings": ReportMapping,
    "schedules": Schedule,
    "sheet-schedules": Schedule,
    "references": ReferenceModel,
    "rejections": Rejection,
    "republish": Republish,
    "rule-matches": RuleMatch,
    "rules": Rule,
    "simulate": Simulation,
    "simulations": Simulation,
    "snapshots": Snapshot,
}


@dataclass
class World:
    """Rows by the part of a path that stands before their key."""

    log: EventLog
    other: EventLog
    owner: User
    keys: dict[str, Any]
    rows: dict[type, Any]


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> World:
    settings.VAR = tmp_path  # for the files of the job
    settings.LIMIT_READ = settings.LIMIT_CONTROL = 0
    owner = User.objects.create_superuser("owner")
    now = timezone.now()
    log = EventLog.objects.create(slug="factory", name=f"{SECRET} log", next_seq=2, stored=1, last_received_at=now)
    other = EventLog.objects.create(slug="other", name="Other")
    broker = Broker.objects.create(name="plant", host="127.0.0.1", port=1)
    stream = Stream.objects.create(slug="line-1", name="Line 1", broker=broker, topic="line1", log=log)
    event = Event.objects.create(
        log=log, seq=1, stream=stream, case=CASE, activity=SECRET, at=now, received_at=now, attributes={"x": SECRET}
    )
    refused = Rejection.objects.create(
        stream=stream, received_at=now, topic="a", payload=SECRET.encode(), reason="not_json", detail=SECRET
    )
    read = Import.objects.create(log=log, name=f"{SECRET}.csv", digest="0")
    Rejection.objects.create(imported=read, received_at=now, topic="a", payload=b"", reason="x", detail=SECRET)
    job = Job.objects.create(kind="export", log=log, digest="0", state="done", result={"about": SECRET})
    jobs.folder(job.pk).mkdir(parents=True)
    (jobs.folder(job.pk) / "made.txt").write_text(SECRET)
    LogState.objects.create(log=log, epoch="e", settings_key="s", seq=1, cases=1, open_cases=1, saved_at=now)
    drift = DriftChange.objects.create(
        log=log,
        seq=1,
        at=now,
        received_at=now,
        began_seq=0,
        began_at=now,
        began_received_at=now,
        since_seq=0,
        edges=[],
        before=GRAPH,
        after=GRAPH,
    )
    of_case: dict[str, Any] = {"log": log, "case": CASE, "seq": 1, "last_at": now}
    Case.objects.create(node=0, length=1, started_at=now, attributes={"x": SECRET}, **of_case)
    Prediction.objects.create(activity=SECRET, as_of=now, next=[], **of_case)
    reference = ReferenceModel.objects.create(log=log, name=SECRET, kind="pnml", drawing=GRAPH, active=True)
    CaseConformance.objects.create(reference=reference, case=CASE, seq=1, length=1, closed=False, count=0)
    log.models.update(picture=PICTURE, epoch="e", version=1, seq=1)
    model = log.models.get()
    rows: list[Any] = [log, broker, stream, event, refused, job, owner, reference, model]
    sheet = Sheet.objects.create(slug="delay", name=SECRET, log=log, label="Why?", questions=[])
    ops = Notifier.objects.create(name="ops", kind="slack", url="http://hooks.invalid/")
    prompt = invite(sheet, CASE, SECRET, via=ops)
    answered = invite(sheet, CASE, SECRET)
    rule = Rule.objects.create(log=log, name=SECRET, kind="event", spec={"when": f"event.activity == '{SECRET}'"})
    matched: dict[str, Any] = {"rule_version": 1, "seq": 1, "at": now, "matched_at": now, "reason": SECRET}
    rows += [
        rule,
        RuleMatch.objects.create(rule=rule, log=log, case=CASE, **matched),
        ops,
        sheet,
        prompt,
        Answer.objects.create(prompt=answered, log=log, answers={"why": SECRET}, at=now),
        Schedule.objects.create(sheet=sheet, respondents=[SECRET]),
        ReportMapping.objects.create(client=SECRET, log=log),
        Notification.objects.get(),
        Snapshot.objects.create(model=model, name=SECRET, algorithm="dfg", cases="all", picture=PICTURE, seq=1),
        Republish.objects.create(log=log, broker=broker, topic="out"),
        Analysis.objects.create(log=log),
        LogGrant.objects.create(log=log, user=owner),
        Simulation.objects.create(config=SECRET, log=log, count=1, owner=owner, state="finished", output=SECRET),
        create_token(owner, ["read"])[0],
        Group.objects.get(name="Viewer"),
    ]
    made = {type(row): row for row in rows}
    keys: dict[str, Any] = {name: made[model].pk for name, model in NUMBERED.items()}
    keys |= {"streams": "line-1", "logs": "factory", "cases": CASE, "predictions": CASE, "files": "made.txt"}
    keys |= {"drift": drift.pk, "tokens": made[Token].name, "demo": "nothing", "sheets": "delay", "p": prompt.secret}
    return World(log, other, owner, keys, made)


@dataclass
class Knocker:
    """Somebody who asks; what he is allowed, as the tables of the tests are read."""

    user: User | None
    client: APIClient = field(default_factory=APIClient)
    token: str = ""
    scopes: tuple[str, ...] = ("read", "ingest", "control")
    limited: bool = False
    log: tuple[str, ...] | None = None  # what he may do with the secret log; None: what his permissions say

    def may(self, need: str) -> bool:
        """``log.view``, ``some.change`` (any log), ``owner``, ``session`` or a permission; ``a|b`` either."""
        assert self.user is not None
        if "|" in need:
            return any(self.may(one) for one in need.split("|"))
        kind, _, what = need.partition(".")
        match kind:
            case "log":
                return what in self.log if self.log is not None else self.user.has_perm(f"streams.{what}_eventlog")
            case "some":
                return self.may(f"log.{what}") or self.limited or self.user.log_grants.filter(can_change=True).exists()
            case "owner":
                return self.user.username == "owner" and not self.limited
            case "session":
                return not self.token
        return (kind == "simulations" or not self.limited) and self.user.has_perm(need)


PEOPLE = [*GROUPS, "nobody", "guest", "invited"]
TOKENS = ["reading token", "ingest token", "control token", "token of another log", "expired token"]


def knocker(name: str, world: World) -> Knocker:
    """Anonymous, a member of a group, nobody in particular, a guest of another log only, or a token."""
    if name == "anonymous":
        return Knocker(None)
    if name in TOKENS:
        return _with_token(name, world)
    user = User.objects.create_user(name.lower())
    made = Knocker(user)
    if name in GROUPS:
        user.groups.add(Group.objects.get(name=name))
    if name == "guest":  # all that can be granted of another log, and every permission that names no log
        LogGrant.objects.create(log=world.other, user=user, can_ingest=True, can_change=True, can_delete=True)
        theirs = Permission.objects.filter(
            content_type__app_label__in=["streams", "models_mining", "simulations", "rules", "sheets"]
        )
        user.user_permissions.set(theirs.exclude(codename__endswith="_eventlog"))
        made.log = ()
    if name == "invited":  # to look at the log
        friends = Group.objects.create(name="friends")
        user.groups.add(friends)
        LogGrant.objects.create(log=world.log, group=friends)
        made.log = ("view",)
    made.client.force_login(user)
    for job in Job.objects.all():
        job.owners.add(user)
    return made


def _with_token(name: str, world: World) -> Knocker:
    scope = name.split()[0].replace("reading", "read")
    scopes = (scope,) if scope in ("read", "ingest", "control") else ("read", "ingest", "control")
    limited = "another" in name
    token, text = create_token(world.owner, scopes, [world.other] if limited else ())
    made = Knocker(world.owner, token=text, scopes=scopes, limited=limited, log=() if limited else None)
    made.client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    for job in Job.objects.all():
        job.owners.add(world.owner)
    if name == "expired token":
        Token.objects.filter(pk=token.pk).update(expiry=timezone.now() - timedelta(seconds=1))
        made.user = None
    return made
