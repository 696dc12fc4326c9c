"""Pages of conformance, drift and predictions: what they say, to whom, and what may be done there."""

import csv
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from models_mining.core.conformance.checker import NetChecker
from models_mining.models import (
    Analysis,
    Case,
    CaseConformance,
    ConformancePoint,
    DriftChange,
    MinedModel,
    Prediction,
    ReferenceModel,
)
from streams.models import EventLog
from tests.models_mining.conformance.test_deviations import NET

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PAGE = "/logs/orders/conformance/"
NODES = [{"id": 1, "label": "Pack", "type": "transition"}, {"id": 2, "label": "Ship", "type": "transition"}]
DRAWING = {"kind": "petri-net", "nodes": NODES, "edges": [{"s": 1, "t": 2}], "net": NET.to_data(), "remarks": []}


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="orders", name="Orders", next_seq=101, stored=100, last_received_at=NOON)


@pytest.fixture
def boss(client: Client, log: EventLog) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def viewer(log: EventLog) -> Client:
    user = User.objects.create_user("viewer")
    user.user_permissions.add(Permission.objects.get(codename="view_eventlog"))
    made = Client()
    made.force_login(user)
    return made


@pytest.fixture
def checked(log: EventLog) -> ReferenceModel:
    """A reference model that two cases deviate from and one fits."""
    made = ReferenceModel.objects.create(
        log=log, name="Norm", kind="pnml", drawing=DRAWING, verdict="ready", active=True, complete=True
    )
    ours = {"percentage_of_fitting_traces": 50.0, "average_trace_fitness": 0.96, "log_fitness": 0.95}
    theirs = ours | {"precision": 0.7, "generalization": 0.8, "simplicity": 0.9}
    values = {"cases": 4, "fitting": 2, "undecided": 0, "left_out": 0, "exact": ours, "pm4py": theirs}
    for minute in range(2):
        at = NOON + timedelta(minutes=minute)
        ConformancePoint.objects.create(reference=made, seq=50 + minute, at=at, values=values)
    judge = NetChecker(NET)
    for name, ways in (("=sum()", ("Ship", "Pack")), ("c/2", ("Pack", "Pray")), ("c3", ("Pack", "Ship"))):
        found = judge.of_steps([(step, 0) for step in ways], closed=True)  # type: ignore[misc]
        CaseConformance.objects.create(
            reference=made,
            case=name,
            seq=7,
            length=2,
            closed=True,
            fits=found.fits,
            fitness=found.exact.fitness if found.exact else None,
            count=found.faults,
            deviations=[one._asdict() for one in found.deviations],
            deviating="\x1f".join(["", *found.deviating, ""]) if found.deviating else "",
        )
    return made


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def rows(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]+)</a>', page)


def test_without_a_reference_model_both_ways_to_begin_are_offered_to_whom_they_are_open(
    boss: Client, viewer: Client
) -> None:
    page = text(boss, PAGE)
    assert "Upload a model" in page
    assert "Mine one now" in page
    page = text(viewer, PAGE)
    assert "No reference model yet" in page
    assert "Upload" not in page
    assert viewer.post(f"{PAGE}references/", {"do": "mine"}).status_code == 403
    assert not MinedModel.objects.filter(algorithm="im").exists()


def test_a_file_that_cannot_be_a_model_is_refused_with_the_reason_and_one_that_may_waits_for_a_worker(
    boss: Client, log: EventLog
) -> None:
    def send(name: str, data: bytes) -> Any:
        return boss.post(f"{PAGE}references/", {"do": "upload", "file": SimpleUploadedFile(name, data)})

    for name, data, reason in (
        ("model.vsdx", b"x", "does not end in .pnml, .bpmn or .ptml"),
        ("model.bpmn", b"\xff\xfe", "not UTF-8"),
        ("model.bpmn", b"", "empty"),
    ):
        answer = send(name, data)
        assert (answer.status_code, reason in answer.content.decode()) == (400, True)
    assert "Choose a file." in boss.post(f"{PAGE}references/", {"do": "upload"}).content.decode()
    assert send("Norm.PNML", b"<pnml/>").status_code == 302
    row = ReferenceModel.objects.get()
    assert (row.name, row.kind, row.state, row.active) == ("Norm", "pnml", "checking", True)
    assert "A worker reads the file" in text(boss, PAGE)
    ReferenceModel.objects.update(verdict="refused", complaint="It begins with <x>, not with pnml.", active=False)
    assert "It begins with &lt;x&gt;, not with pnml." in text(boss, PAGE)
    assert boss.post(f"{PAGE}references/{row.pk}/", {"do": "activate"}).status_code == 409


def test_a_model_is_mined_and_frozen(boss: Client, log: EventLog) -> None:
    there = boss.post(f"{PAGE}references/", {"do": "mine"})["Location"]
    model = MinedModel.objects.get(algorithm="im", cases="closed")
    assert there == f"{PAGE}?model={model.pk}#new"
    assert "The inductive miner reads the closed cases" in text(boss, there.partition("#")[0])
    assert model.watched_until is not None
    picture = {**DRAWING, "derived_seq": 90, "seq": 90}
    MinedModel.objects.filter(pk=model.pk).update(picture=picture, definition={"net": NET.to_data(), "at": []}, seq=90)
    assert "The model is there" in text(boss, there.partition("#")[0])
    assert boss.post(f"{PAGE}references/", {"do": "freeze", "model": model.pk, "name": "Now"}).status_code == 302
    assert list(ReferenceModel.objects.values_list("name", "kind", "active")) == [("Now", "frozen", True)]
    wrong = boss.post(f"{PAGE}references/", {"do": "freeze", "model": model.pk + 1})
    assert (wrong.status_code, "no longer there" in wrong.content.decode()) == (400, True)


def test_figures_deviations_and_the_cases_behind_each_are_told(boss: Client, checked: ReferenceModel) -> None:
    page = text(boss, PAGE)
    for said in ("50 %", "2 of 4 closed cases are runs of the model", ">0.96<", ">0.70<", ">0.80<", ">0.90<"):
        assert said in page
    assert "⚠ 1" in page  # at the activity in the picture
    links = dict(re.findall(r'<li><a href="(\?deviation=\w+)#[^"]*"[^>]*>.*?class="said">([^<]+)<', page, re.DOTALL))
    behind = {said: rows(text(boss, PAGE + link)) for link, said in links.items()}
    assert behind == {"Ship where the model does not allow it": ["=sum()"], "Pray is not in the model": ["c/2"]}
    assert rows(page) == ["=sum()", "c/2"]
    assert 'href="/logs/orders/cases/c%2F2/"' in page
    assert rows(text(boss, f"{PAGE}?fits=all&sort=-case")) == ["c3", "c/2", "=sum()"]
    assert rows(text(boss, f"{PAGE}?search=C/2")) == ["c/2"]
    assert "No case matches" in text(boss, f"{PAGE}?search=nothing%00")
    assert "No case matches" in text(boss, f"{PAGE}?deviation=gone")
    lines = list(csv.DictReader(text(boss, f"{PAGE}cases.csv").splitlines()))
    assert [(line["case"], line["what"]) for line in lines] == [
        ("'=sum()", "Ship (step 1) was not due"),
        ("c/2", "Pray (step 2) is not in the model"),
    ]


def test_reference_models_are_renamed_switched_and_removed_only_by_whom_it_is_allowed(
    boss: Client, viewer: Client, log: EventLog, checked: ReferenceModel
) -> None:
    other = ReferenceModel.objects.create(log=log, name="Other", kind="pnml", drawing=DRAWING, verdict="ready")
    path = f"{PAGE}references/{other.pk}/"
    assert 'value="remove"' not in text(viewer, PAGE)
    for what in ("activate", "rename", "remove"):
        assert viewer.post(path, {"do": what, "name": "x"}).status_code == 403
    boss.post(path, {"do": "activate"})
    assert list(ReferenceModel.objects.filter(active=True)) == [other]
    boss.post(path, {"do": "rename", "name": "New name"})
    assert "New name" in text(boss, PAGE)
    assert boss.post(path, {"do": "rename", "name": " "}).status_code == 400
    boss.post(path, {"do": "deactivate"})
    assert "No reference model is active" in text(boss, PAGE)
    boss.post(path, {"do": "remove"})
    assert list(ReferenceModel.objects.all()) == [checked]
    assert boss.post(path, {"do": "remove"}).status_code == 404


def test_drift_says_what_changed_and_draws_it(boss: Client, log: EventLog) -> None:
    assert "500 more steps until changes are looked for" in text(boss, "/logs/orders/drift/")
    Analysis.objects.create(log=log, seq=100_000)
    assert "No change found." in text(boss, "/logs/orders/drift/")

    def graph(pay: int, reject: int) -> dict[str, Any]:
        nodes = [("Check", 100, 100, 0), ("Pay", pay, 0, pay), *([("Reject", reject, 0, reject)] if reject else [])]
        edges = [{"s": 0, "t": 1, "n": pay}, *([{"s": 0, "t": 2, "n": reject}] if reject else [])]
        told = [{"id": i, "label": a, "n": n, "starts": s, "ends": e} for i, (a, n, s, e) in enumerate(nodes)]
        return {"kind": "graph", "nodes": told, "edges": edges}

    changed: dict[str, Any] = {"source": "Check", "before_n": 0, "after_n": 60}
    DriftChange.objects.create(
        log=log,
        seq=90,
        at=NOON,
        received_at=NOON,
        since_seq=0,
        began_seq=40,
        began_at=NOON,
        began_received_at=NOON,
        edges=[
            changed | {"target": "Reject", "kind": "appeared", "before": 0.0, "after": 0.6},
            changed | {"target": "Pay", "kind": "fell", "before": 1.0, "after": 0.4, "before_n": 100, "after_n": 40},
        ],
        duration={"before_s": 60.0, "after_s": 200.0, "before_n": 40, "after_n": 50},
        before=graph(100, 0),
        after=graph(40, 60),
    )
    page = text(boss, "/logs/orders/drift/")
    for said in (
        "Cases take longer, a new path, one path is taken less often",
        "After “Check” comes “Reject”: next to never before, now 60 % of the times.",
        "After “Check” comes “Pay”: 40 % of the times, before that 100 %.",
        "Cases typically take 3 min 20 s, before that 1 min: 3.3 times as long.",
        "Certain 50 events later",
        "up to 60 points",
        "less than once in a billion",
        "+ 0 % → 60 %",
        "▼ 100 % → 40 %",
    ):
        assert said in page


def test_predictions_list_late_cases_first_with_what_is_next(boss: Client, log: EventLog) -> None:
    path = "/logs/orders/predictions/"
    assert "No open cases" in text(boss, path)
    assert Analysis.objects.get(log=log).watched_until is not None
    of_all = {"log": log, "node": 0, "length": 1, "seq": 1}
    for number in range(20):
        at = NOON + timedelta(minutes=1)
        Case.objects.create(case=f"closed {number}", started_at=NOON, last_at=at, closed_at=at, **of_all)
    for name, remaining_s, likeliest in (("soon", 5.0, None), ("late", 600.0, "Ship"), ("overdue", None, "Ship")):
        Case.objects.create(case=name, started_at=NOON, last_at=NOON, **of_all)
        Prediction.objects.create(
            log=log,
            case=name,
            activity="Pack",
            seq=1,
            last_at=NOON,
            as_of=NOON,
            next=[{"activity": likeliest, "probability": 0.75}, {"activity": "Pray", "probability": 0.2}],
            remaining_s=remaining_s,
            low_s=remaining_s,
            high_s=remaining_s,
        )
    page = text(boss, path)
    assert rows(page) == ["overdue", "late", "soon"]
    assert "2 late" in page
    assert ">75 %<" in page
    assert rows(text(boss, f"{path}?next=end")) == ["soon"]
    assert rows(text(boss, f"{path}?next=do:Ship&sort=case")) == ["late", "overdue"]
    assert rows(text(boss, f"{path}?activity=Pack&search=SOO")) == ["soon"]
    assert "No case matches" in text(boss, f"{path}?activity=Ship")
    lines = list(csv.DictReader(text(boss, "/logs/orders/predictions.csv?next=do:Ship").splitlines()))
    assert [(line["case"], line["late"], line["next"]) for line in lines] == [
        ("overdue", "overdue", "Ship"),
        ("late", "late", "Ship"),
    ]


def test_predictions_are_graded_in_sentences(boss: Client, log: EventLog) -> None:
    path = "/logs/orders/predictions/"
    assert "Nothing is scored yet" in text(boss, path)
    nexts = {"tests": 200, "accuracy": 0.82, "baseline_accuracy": 0.75, "brier": 0.3}
    times = {"tests": 200, "mae_s": 3600.0, "baseline_mae_s": 7200.0, "interval_held": 0.5}
    trail = [[0.5, 0.4, 0.2], [1.0, 0.5, 0.1]]
    score = {
        "next": {"overall": nexts, "recent": nexts, "trail": trail},
        "remaining": {"overall": times, "recent": times},
    }
    Analysis.objects.filter(log=log).update(score=score)
    page = text(boss, path)
    for said in (
        "<strong>82 %</strong> of the newest 200 predictions came true.",
        "would have been right for 75 %.",
        "Off by <strong>1 h</strong> on average",
        "<strong>50 %</strong> of the newest 200 intervals held",
        "do not rely on them yet",
        'd="M0.0 32.0L300.0 0.0"',
    ):
        assert said in page


def test_the_analysis_is_switched_on_again_where_it_is_missed(boss: Client, viewer: Client, log: EventLog) -> None:
    Analysis.objects.create(log=log, enabled=False)
    for page in ("conformance", "drift", "predictions"):
        assert "Switch it on" in text(boss, f"/logs/orders/{page}/")
        assert "Switch it on" not in text(viewer, f"/logs/orders/{page}/")
    form = {"enabled": "1", "page": "drift-page"}
    assert viewer.post("/logs/orders/analysis/", form).status_code == 403
    assert boss.post("/logs/orders/analysis/", form)["Location"] == "/logs/orders/drift/"
    assert Analysis.objects.get(log=log).enabled
