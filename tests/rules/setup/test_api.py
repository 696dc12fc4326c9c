"""Rules over the API: mistakes with their place, versions, trying out, matches; and who may do what."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from rules.models import Rule, RuleMatch, RuleVersion
from streams.models import EventLog, LogGrant
from tests.rules.conftest import Store, evaluate
from tests.rules.truth import Told, drawn

OVERDUE = {
    "name": "Test overdue",
    "log": "factory",
    "kind": "timeout",
    "after": "event.activity == 'Assemble'",
    "until": "event.activity == 'Test'",
    "within_s": 900,
}


@pytest.fixture
def client(log: EventLog) -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def errors(client: APIClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/rules/", {"name": "r", "log": "factory", **body})
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found: list[dict[str, Any]] = answer.json()["errors"]
    return found


def test_a_mistake_is_answered_with_its_place(client: APIClient):
    step = {"when": "event.activity == 'Cut' && event.colour"}
    [found] = errors(client, kind="sequence", steps=["event.activity == 'Cut'", step])
    assert found["pointer"] == "/steps/1/when"
    assert (found["line"], found["column"]) == (1, 33)
    assert "undeclared reference to 'event.colour'" in found["detail"]
    for body, pointer in [
        ({"kind": "event"}, "/when"),
        ({"kind": "event", "when": "event.activity"}, "/when"),  # not a condition
        ({"kind": "event", "when": "event.attributes.all(k, k != '')"}, "/when"),  # a loop
        ({"kind": "event", "when": "true", "within_s": 3}, "/within_s"),  # of another kind
        ({"kind": "timeout", "after": "true", "until": "true", "within_s": 0}, "/within_s"),
        ({"kind": "case"}, "/duration_s"),
        ({"kind": "log", "measure": "rate", "within_s": 60}, "/above"),
        ({"kind": "sequence", "steps": ["true", {"when": "true", "absent": True}]}, "/steps/1"),
        ({"kind": "event", "when": "true", "then": [{"shout": "x"}]}, "/then/0"),
        ({"kind": "event", "when": "true", "then": [{"notify": "nobody"}]}, "/then/0/notify"),
        ({"kind": "event", "when": "true", "then": [{"notify": 3}]}, "/then/0/notify"),
        ({"kind": "wish"}, "/kind"),
    ]:
        [found] = errors(client, **body)
        assert found["pointer"] == pointer, (body, found)
    assert not Rule.objects.exists()


HOSTILE = {
    "100 kB": "event.activity == '" + "a" * 100_000 + "'",
    "deep": "(" * 900 + "true" + ")" * 900,
    "a list of lists": "[" * 900 + "]" * 900 + " == []",
    "a chain": "event.attributes" + ".a" * 900,
    "a pattern that repeats": r"event.activity.matches('((a?){500}a{500})z')",
    "a pattern that is put together": "event.activity.matches('a{50' + '0}{50}')",
    "a pattern from outside": "event.activity.matches(event.case)",
    "a pattern that is none": "event.activity.matches('(')",
    "a loop": "[1, 2, 3].map(x, [1, 2, 3].map(y, x * y)).size() > 0",
    "NUL": "event.activity == '\0'",
    "nothing": "  ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_expression_is_refused_where_it_is(client: APIClient, name: str):
    [found] = errors(client, kind="event", when=HOSTILE[name])
    assert found["pointer"] == "/when"


def test_patterns_that_cost_others_much_cost_nothing_here(client: APIClient, store: Store):
    """Backtracking takes 2^n steps for the first ones; events may hold anything."""
    when = "event.activity.matches('^(a+)+$') || event.activity.matches('^(a|a?)+$') || event.attributes.x.y > 2"
    made = client.post("/api/v1/rules/", {"name": "r", "log": "factory", "kind": "event", "when": when})
    assert made.status_code == 201, made.content
    store(*(Told("c", "a" * 254 + end, n) for n, end in enumerate("ab")))
    evaluate()
    rule = Rule.objects.get()
    assert (rule.enabled, rule.notice) == (True, "")
    assert RuleMatch.objects.get().seq == 1


def test_a_rule_that_overruns_its_budget_is_switched_off_with_a_notice(
    client: APIClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    client.post("/api/v1/rules/", {"name": "good", "log": "factory", "kind": "case", "length": 2})
    client.post("/api/v1/rules/", {"name": "bad", "log": "factory", "kind": "event", "when": "event.activity == 'Cut'"})
    monkeypatch.setattr("rules.core.expressions.BUDGET_S", -1.0)
    store(Told("c", "Cut", 0), Told("c", "Assemble", 1), Told("c", "Paint", 2000))
    evaluate()
    bad, good = (client.get("/api/v1/rules/", {"name": name}).json()["results"][0] for name in ("bad", "good"))
    assert (good["enabled"], good["notice"]) == (True, "")
    assert RuleMatch.objects.get().rule_id == good["id"]
    assert bad["enabled"] is False
    assert "too costly" in bad["notice"]
    history = client.get("/api/v1/history/", {"kind": "rule"}).json()["results"][0]
    assert "too costly" in str(history)
    monkeypatch.undo()
    again = client.patch(f"/api/v1/rules/{bad['id']}/", {"enabled": True}).json()
    assert (again["notice"], again["version"], again["from_seq"]) == ("", 2, 3)


def test_every_change_is_a_version_that_begins_at_the_end_of_the_log(client: APIClient, store: Store):
    store(Told("a", "Assemble", 0))
    made = client.post("/api/v1/rules/", {**OVERDUE, "cooldown_s": 60}).json()
    assert (made["version"], made["from_seq"]) == (1, 1)
    assert made["summary"] == "Warns when 15 min after “Assemble” no “Test” came."
    store(Told("b", "Assemble", 0))
    evaluate()
    url = f"/api/v1/rules/{made['id']}/"
    changed = client.patch(url, {"within_s": 60}).json()
    assert (changed["version"], changed["from_seq"], changed["within_s"]) == (2, 2, 60)
    store(Told("c", "Assemble", 0), *(Told(case, "Paint", 100) for case in "abc"))
    evaluate()
    assert [(m.case, m.rule_version) for m in RuleMatch.objects.all()] == [("c", 2)]
    assert client.patch(url, {"log": "other"}).status_code == 400
    told = client.get(f"{url}versions/").json()
    assert [(one["version"], one["content"]["spec"]["within_s"]) for one in told] == [(2, 60), (1, 900)]
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    kept = client.get("/api/v1/rule-matches/").json()["results"][0]
    assert (kept["rule_name"], kept["rule_version"]) == ("Test overdue", 2)
    assert RuleVersion.objects.count() == 2
    assert LogEntry.objects.get_for_model(Rule).count() >= 3


def test_trying_a_rule_tells_what_it_would_have_found_and_changes_nothing(client: APIClient, store: Store):
    store(*drawn(1200), arrived=timezone.now())
    for body in [
        {**OVERDUE, "within_s": 100},
        {"name": "r", "log": "factory", "kind": "event", "when": "event.attributes.nothing == 1"},
        {"name": "r", "log": "factory", "kind": "novelty", "warm_up": 0},
        {"name": "r", "log": "factory", "kind": "log", "measure": "silence", "within_s": 9},
        {"name": "r", "log": "factory", "kind": "deviation"},
    ]:
        made = client.post("/api/v1/rules/", body).json()
        tried = client.post(f"/api/v1/rules/{made['id']}/try/").json()
        assert (tried["events"], tried["from_seq"], tried["to_seq"]) == (1000, 201, 1200)
        wanted = {"timeout": 100, "event": 0, "novelty": 4, "log": 0, "deviation": 0}[body["kind"]]
        assert tried["count"] >= wanted
        assert len(tried["matches"]) == min(tried["count"], 100)
        if body["kind"] == "event":
            assert "Key not found" in tried["notice"]
    assert not RuleMatch.objects.exists()


def test_matches_are_listed_to_those_who_may_see_the_log_and_acknowledged_by_those_who_may_change_it(
    client: APIClient, store: Store
):
    made = client.post("/api/v1/rules/", {"name": "cut", "log": "factory", "kind": "event", "when": "true"}).json()
    assert made["severity"] == "warning"
    store(*(Told("c", "Cut", n) for n in range(5)))
    evaluate()
    page = client.get("/api/v1/rule-matches/", {"log": "factory", "state": "new", "page_size": 2}).json()
    assert [one["seq"] for one in page["results"]] == [5, 4]
    assert [one["seq"] for one in client.get(page["next"]).json()["results"]] == [3, 2]
    assert client.get("/api/v1/rule-matches/", {"colour": "red"}).status_code == 400
    url = f"/api/v1/rule-matches/{page['results'][0]['id']}/"

    person = User.objects.create_user("watcher")
    watcher = APIClient()
    watcher.force_login(person)
    assert watcher.get(url).status_code == 404
    assert watcher.get("/api/v1/rule-matches/").json()["results"] == []
    grant = LogGrant.objects.create(log=EventLog.objects.get(), user=person)
    assert watcher.get(url).json()["state"] == "new"
    assert watcher.post(f"{url}acknowledge/").status_code == 403
    assert watcher.patch(f"/api/v1/rules/{made['id']}/", {"enabled": False}).status_code == 403
    grant.can_change = True
    grant.save()
    assert watcher.post(f"{url}acknowledge/").json()["acknowledged_by"] == "watcher"
    assert client.post(f"{url}acknowledge/").json()["acknowledged_by"] == "watcher"  # the first one who saw it
    assert client.get(url).json()["state"] == "acknowledged"
