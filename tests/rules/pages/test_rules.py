"""The pages of rules, matches and notifiers, as the server makes them: what they say, refuse and change."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from rules.core.expressions import Expression
from rules.models import Notification, Notifier, Rule, RuleMatch
from rules.pages.rule_examples import samples
from streams.models import EventLog, LogGrant
from tests.rules.conftest import Store, Watch, evaluate, log, store, watch
from tests.rules.receiver import SECRET, receiving
from tests.rules.truth import Told

__all__ = ["log", "store", "watch"]  # fixtures

EVIL = '<script>alert("x")</script>'
Ask = Callable[..., str]


@pytest.fixture
def ask(client: Client, log: EventLog) -> Ask:
    """``ask(path)`` or ``ask(path, name=…)``, which posts: the text that follows, as somebody who may do everything."""
    client.force_login(User.objects.create_superuser("boss"))

    def text(path: str, status: int = 200, **form: Any) -> str:
        answer = client.post(path, form, follow=True) if form else client.get(path)
        assert answer.status_code == status, answer.content
        return answer.content.decode()

    return text


def plain(page: str) -> str:
    """What there is to read."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_without_rules_the_page_says_what_they_do_and_begins_one(ask: Ask, store: Store) -> None:
    page = ask("/rules/")
    assert "No rules yet" in page
    assert page.count('name="example"') == 3
    form = ask("/rules/new/?log=factory&example=overdue")
    assert "event.activity == &#x27;Assemble&#x27;" in form  # no activity is known yet
    saved = ask("/rules/new/?log=factory&example=silence", do="save", name="Quiet", severity="critical", enabled="on",
                measure="silence", within_s="1 h 30 min")  # fmt: skip
    assert "Quiet is saved." in saved
    assert "Warns when nothing arrives for 1 h 30 min." in saved
    rule = Rule.objects.get()
    assert (rule.kind, rule.spec, rule.version) == ("log", {"measure": "silence", "within_s": 5400}, 1)
    assert [ask(f"/rules/new/?log=factory&kind={kind}").count("<h1>") for kind in Rule.Kind.values] == [1] * 7


def test_mistakes_stand_at_their_field_with_their_place(ask: Ask) -> None:
    steps = {"step0_when": "event.activity == 'Cut'", "step1_when": "", "step2_when": "true &&\n event.colour"}
    page = ask("/rules/new/?log=factory&kind=sequence", do="save", name="", severity="info", **steps)
    (wrong,) = re.findall(r'id="wrong-step2_when">(.*?)</div>', page, re.DOTALL)
    assert "undeclared reference" in wrong
    assert "(line 2, column 7)" in wrong
    assert " event.colour\n      ▲</pre>" in wrong
    assert re.search(r'id="wrong-name">.{0,120}This field is required', page, re.DOTALL)
    one = ask(
        "/rules/new/?log=factory&kind=sequence", do="save", name="x", severity="info", step0_when="true", step1_when=""
    )
    assert re.search(r'id="wrong-step1_when">.{0,160}at least two steps', one, re.DOTALL)
    case = ask("/rules/new/?log=factory&kind=case", do="save", name="x", severity="info", duration_s="soon")
    assert re.search(r'id="wrong-duration_s">.{0,160}Write it as 90 s', case, re.DOTALL)
    more = ask("/rules/new/?log=factory&kind=sequence", do="more-steps", **steps)
    assert 'name="step3_when"' in more
    assert 'class="wrong"' not in more  # somebody is still writing
    assert "true &amp;&amp;" in more
    assert not Rule.objects.exists()
    for text, _ in samples(["It's a \\ step", "Test"]):
        Expression(text)  # what the page teaches can be used


def test_a_form_gives_back_what_it_was_given(ask: Ask, log: EventLog, watch: Watch) -> None:
    Notifier.objects.create(name="ops", kind="slack", url="http://hooks.invalid/")
    steps: list[Any] = [
        "event.activity == 'Cut'",
        {"when": "true", "absent": True},
        {"when": "true", "within_s": 90_061},
    ]
    then = [{"notify": "ops", "text": "{case} is late"}]
    rule = watch("sequence", steps=steps, rule_then=then, rule_cooldown_s=60)
    page = ask(f"/rules/{rule.pk}/")
    fields = dict(re.findall(r'name="(step2_within_s|then0_text|cooldown_s)" value="([^"]*)"', page))
    assert fields == {"step2_within_s": "1 d 1 h 1 min 1 s", "then0_text": "{case} is late", "cooldown_s": "1 min"}
    form = {"do": "save", "name": EVIL, "severity": "critical", "cooldown_s": "1 min", "then0_what": "notify:ops"}
    form |= {"step0_when": steps[0], "step1_when": "true", "step1_absent": "on", "step2_when": "true"}
    form |= {"step2_within_s": "1 d 1 h 1 min 1 s", "then0_text": "{case} is late", "then1_what": ""}
    page = ask(f"/rules/{rule.pk}/", **form)
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    rule.refresh_from_db()
    assert (rule.version, rule.enabled, rule.cooldown_s, rule.then) == (2, False, 60, then)
    assert rule.spec["steps"] == [{"when": steps[0]}, steps[1], steps[2]]
    copied = ask(f"/rules/new/?copy={rule.pk}")
    assert "(copy)" in copied
    assert "1 d 1 h 1 min 1 s" in copied
    gone = ask(
        "/rules/new/?log=factory&kind=event", do="save", name="x", severity="info", when="true", then0_what="sheet:none"
    )
    assert re.search(r'id="wrong-then0_what">.{0,160}none', gone, re.DOTALL)


def test_trying_shows_what_would_have_matched_and_changes_nothing(ask: Ask, store: Store, watch: Watch) -> None:
    store(*(Told(f"c{n}", "Cut" if n % 2 else "Paint", n) for n in range(60)))
    form = {"do": "try", "severity": "info", "when": "event.activity == 'Cut'"}  # without a name yet
    page = ask("/rules/new/?log=factory&kind=event", **form)
    assert "30 matches in 60 events. Nothing was stored" in plain(page)
    assert "The newest 25 of 30" in page
    assert '<a href="/logs/factory/cases/c59/">c59</a>' in page
    assert "Mend what is wrong" in ask("/rules/new/?log=factory&kind=event", **{**form, "when": "event."})
    rule = watch("event", when="event.activity == 'Paint'")
    assert "30 matches in 60 events" in plain(ask(f"/rules/{rule.pk}/try/", do="try"))
    assert not RuleMatch.objects.exists()
    assert Rule.objects.count() == 1


def test_rules_are_listed_switched_and_removed(ask: Ask, store: Store, watch: Watch) -> None:
    rule = watch("event", when="event.activity == 'Cut'", rule_severity="critical")
    store(*(Told(f"c{n}", "Cut", n) for n in range(3)))
    evaluate()
    page = ask("/rules/")
    assert "Last day 3 New 3 Last match" in plain(page)
    assert "Critical" in page
    assert re.search(r'class="alarms"[^>]*>.*?</span>3<', page)
    ask("/rules/1/switch/".replace("1", str(rule.pk)), do="off")
    rule.refresh_from_db()
    assert (rule.enabled, rule.version) == (False, 2)
    Rule.objects.update(notice="took 30 ms, of 20 allowed: x")
    assert "switched itself off" in ask("/rules/")
    assert "took 30 ms" in ask("/rules/?state=off")
    assert "No rule is like that" in ask("/rules/?state=on")
    assert "what it has matched stays" in ask(f"/rules/{rule.pk}/remove/")
    assert "is removed." in ask(f"/rules/{rule.pk}/remove/", sure="yes")
    assert "No rules yet" in ask("/rules/")
    assert "removed since" in ask("/rules/matches/")


def test_matches_are_found_told_and_acknowledged(
    ask: Ask, client: Client, store: Store, watch: Watch, log: EventLog
) -> None:
    assert "There are no rules yet" in ask("/rules/matches/")
    ops = Notifier.objects.create(name="ops", kind="slack", url="http://hooks.invalid/")
    rule = watch("event", when="event.activity == 'Cut'", rule_then=[{"notify": "ops"}])
    other = watch("event", when="event.activity == 'Paint'", rule_severity="info")
    assert "2 rules watch" in plain(ask("/rules/matches/"))
    store(Told("a/1", "Cut", 0), Told(EVIL, "Paint", 1), Told("=c", "Cut", 2))
    evaluate()
    first, second = RuleMatch.objects.filter(rule=rule).order_by("pk")
    Notification.objects.filter(match=first).update(state="failed", why="404 no such hook")
    page = ask("/rules/matches/")
    assert "a%2F1/#e1" in page
    assert EVIL not in page
    assert "ops: failed 404 no such hook" in plain(page)
    assert "ops: pending" in plain(page)
    found = {query: set(map(int, re.findall(r'id="match-(\d+)"', ask(f"/rules/matches/?{query}")))) for query in (
        f"rule={rule.pk}", "severity=info", "case=a/", "state=acknowledged", "log=none", "after=2199-01-01T00:00",
        "rule=x", "before=2199-01-01T00:00")}  # fmt: skip
    every = set(RuleMatch.objects.values_list("pk", flat=True))
    assert list(found.values()) == [
        {first.pk, second.pk},
        every - {first.pk, second.pk},
        {first.pk},
        *[set()] * 4,
        every,
    ]
    assert "expected a date and time" in ask("/rules/matches/?after=soon")
    ask(f"/rules/matches/{first.pk}/acknowledge/", back="severity=warning")
    first.refresh_from_db()
    assert first.acknowledged_by is not None
    assert first.acknowledged_by.username == "boss"
    assert "Somebody else has acknowledged" in ask(f"/rules/matches/{first.pk}/acknowledge/", back="")
    ask(f"/rules/{rule.pk}/acknowledge/", upto=first.pk)
    assert RuleMatch.objects.unseen().filter(rule=rule).count() == 1  # came after what was looked at
    assert "1 match of event acknowledged" in ask(f"/rules/{rule.pk}/acknowledge/", upto=second.pk)
    lines = client.get("/rules/matches.csv").content.decode().splitlines()
    assert len(lines) == 4
    assert ",'=c,Cut,3," in lines[1]
    assert other.matches.unseen().count() == 1
    assert ops.notifications.count() == 2


def test_who_may_only_look_finds_no_buttons_and_only_his_logs(
    client: Client, store: Store, watch: Watch, log: EventLog
) -> None:
    Rule.objects.filter(pk=watch("event", when="event.activity == 'Cut'").pk).update(name="Cutting")
    store(Told("c1", "Cut", 0))
    evaluate()
    guest = User.objects.create_user("guest")
    client.force_login(guest)
    assert "Cutting" not in client.get("/rules/").content.decode()
    LogGrant.objects.create(log=log, user=guest)
    for path in ("/rules/", "/rules/matches/"):
        page = client.get(path).content.decode()
        assert "Cutting" in page
        assert 'method="post" action="/rules' not in page
    viewer = User.objects.create_user("viewer")
    viewer.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(viewer)
    assert re.search(r'href="/rules/".*?class="alarms"', client.get("/").content.decode())
    assert client.get("/rules/new/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_notifiers_are_added_tested_and_never_show_their_secrets(ask: Ask, settings: Any) -> None:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    assert "No notifiers yet" in ask("/rules/notifiers/")
    wrong = ask("/rules/notifiers/new/", name="ops", kind="webhook", url="ftp://x", secret="short", enabled="on")
    assert re.search(r'id="wrong-url">.{0,200}class="wrong"', wrong, re.DOTALL) or "wrong-secret" in wrong
    with receiving() as receiver:
        form = {"name": "ops", "kind": "webhook", "url": receiver.url, "secret": SECRET, "enabled": "on"}
        page = ask("/rules/notifiers/new/", **form)
        assert "ops is saved" in page
        assert "not used yet" in page
        ops = Notifier.objects.get()
        assert f'action="/rules/notifiers/{ops.pk}/test/"' in page
        assert "took the test message: 200" in ask(f"/rules/notifiers/{ops.pk}/test/", do="test")
        assert receiver.signed()
        receiver.answers.append((410, {}, b"<b>gone</b>"))
        assert "did not take the test message: 410 &lt;b&gt;gone" in ask(f"/rules/notifiers/{ops.pk}/test/", do="test")
        ask(f"/rules/notifiers/{ops.pk}/", name="ops2", kind="webhook", url="", secret="", enabled="")
        ops.refresh_from_db()
        assert (ops.name, ops.address, ops.enabled) == ("ops2", receiver.url, False)
    for path in ("", f"{ops.pk}/", f"{ops.pk}/remove/"):
        page = ask(f"/rules/notifiers/{path}")
        assert SECRET not in page
        assert "/hook" not in page
    Notifier.objects.update(failures=2, last_status="503 busy", last_at=timezone.now(), enabled=True)
    assert "failed 2 times" in ask("/rules/notifiers/")
    assert "503 busy" in ask("/rules/notifiers/")
    assert "ops2 is removed." in ask(f"/rules/notifiers/{ops.pk}/remove/", sure="yes")
