"""The admin refuses of rules what the API refuses."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from rules.models import Rule
from streams.models import EventLog

WHEN = "event.activity == 'Cut'"


@pytest.fixture
def rule(log: EventLog) -> Rule:
    EventLog.objects.create(slug="other", name="Other")
    return Rule.objects.create(log=log, name="Cutting", kind="event", spec={"when": WHEN})


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss")


def given(rule: Rule, **changed: Any) -> dict[str, Any]:
    """The form of a rule in the admin, with changes."""
    form = {"log": rule.log_id, "name": "Cutting", "kind": "event", "severity": "info", "enabled": "on", **changed}
    spec, then = form.pop("spec", rule.spec), form.pop("then", [])
    return {"cooldown_s": 0, **form, "spec": json.dumps(spec), "then": json.dumps(then)}


def test_a_rule_stays_with_its_log(rule: Rule, boss: User, client: Client) -> None:
    api = APIClient()
    api.force_login(boss)
    told = api.patch(f"/api/v1/rules/{rule.pk}/", {"log": "other"})
    assert told.json()["errors"][0]["pointer"] == "/log"
    client.force_login(boss)
    other = EventLog.objects.get(slug="other")
    page = client.post(f"/admin/rules/rule/{rule.pk}/change/", given(rule, log=other.pk))
    assert page.status_code == 200
    assert "A rule stays with its log" in page.content.decode()
    assert Rule.objects.get().log_id == rule.log_id


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"spec": {"when": "event.colour"}}, "when: undeclared reference to &#x27;event.colour&#x27;"),
        ({"kind": "sequence", "spec": {"steps": ["true", {"when": "true", "within_s": 0}]}}, "steps/1/within_s: "),
        ({"then": [{"notify": "nobody"}]}, "0/notify: There is no notifier called nobody."),
        ({"then": {"notify": "nobody"}}, "Expected a list of at most 10"),
        ({"then": [{"shout": "x"}] * 11}, "Expected a list of at most 10"),
        ({"cooldown_s": 10**8}, "less than or equal to"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    rule: Rule, boss: User, client: Client, changed: dict[str, Any], words: str
) -> None:
    client.force_login(boss)
    page = client.post(f"/admin/rules/rule/{rule.pk}/change/", given(rule, **changed))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert Rule.objects.get().version == 1


def test_what_is_right_is_a_new_version(rule: Rule, boss: User, client: Client) -> None:
    client.force_login(boss)
    assert client.post(f"/admin/rules/rule/{rule.pk}/change/", given(rule, severity="critical")).status_code == 302
    rule.refresh_from_db()
    assert (rule.version, rule.severity, rule.spec) == (2, "critical", {"when": WHEN})
