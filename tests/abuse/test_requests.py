"""What a stranger, or somebody who is signed in, may try with one request: each with its outcome, none a 5xx."""

import gzip
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tokens import create_token
from models_mining.work import Work
from streams.models import Broker, Event, EventLog, Stream
from streams.parsing import topics
from tests.clients import EVENT

LOG = "/api/v1/logs/factory/"
EVENTS = f"{LOG}events/"
JSON = "application/json"
SCRIPT = "<script>alert(1)</script>"


# --- Bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b'{"case":"c","activity":"a","attributes":{"x":1e999}}', 200, "bad_number"),
        (b'{"case":"c","activity":"a","attributes":{"x":NaN}}', 200, "bad_number"),
        (b'{"case":"c","activity":"a","attributes":{"x":"\\ud800"}}', 200, "not_unicode"),
        (b'{"case":"c\xff","activity":"a"}', 400, "unreadable"),
        (b'{"case":"c\\u0000","activity":"a"}', 200, "nul"),
        (b'{"case":"c","activity":"a","attributes":{"\\u0000":1}}', 200, "nul"),
        (b'{"case":"c","activity":"a","attributes":' + b'{"x":' * 500 + b"1" + b"}" * 501, 200, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "unreadable"),
        (b'{"case":"c","activity":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "unreadable"),
        (b'{"case":' + b"9" * 100_000 + b"}", 400, "unreadable"),
        (b'{"case":"' + b"c" * 300 + b'","activity":"a"}', 200, "too_long"),
        (b"", 400, "unreadable"),
    ],
)
def test_a_hostile_body_is_refused_with_its_reason(
    api: APIClient, log: EventLog, body: bytes, status: int, reason: str
) -> None:
    answer = api.post(EVENTS, body, content_type=JSON)
    assert answer.status_code == status, answer.content
    told = answer.json()
    assert (told["type"].removeprefix("/problems/") if status == 400 else told["results"][0]["reason"]) == reason
    assert not Event.objects.exists()


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(api: APIClient, log: EventLog) -> None:
    bomb = gzip.compress(b" " * (64 << 20), 1)  # a thousand times its size
    answer = api.post(EVENTS, bomb, content_type=JSON, HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    nested = api.post(EVENTS, gzip.compress(bomb), content_type=JSON, HTTP_CONTENT_ENCODING="gzip")
    assert nested.status_code == 400


# --- Who asks ---------------------------------------------------------------------------


def test_a_token_in_the_address_opens_nothing(anyone: APIClient, owner: User, log: EventLog) -> None:
    _, text = create_token(owner, ["read"])
    for query in (f"token={text}", f"access_token={text}", f"Authorization=Token%20{text}"):
        assert anyone.get(f"{LOG}?{query}").status_code == 401
    assert anyone.get(LOG, HTTP_AUTHORIZATION=f"Token {text}").status_code == 200


def test_tokens_open_what_they_are_for_and_only_in_their_time(
    with_token: Callable[..., APIClient], anyone: APIClient, owner: User, log: EventLog
) -> None:
    assert with_token("read").post(EVENTS, EVENT).status_code == 403  # wrong scope
    other = EventLog.objects.create(slug="other", name="Other")
    assert with_token("read", "ingest", logs=[other]).post(EVENTS, EVENT).status_code == 404  # another log
    token, text = create_token(owner, ["read"])
    type(token).objects.filter(pk=token.pk).update(expiry=timezone.now())
    assert anyone.get(LOG, HTTP_AUTHORIZATION=f"Token {text}").status_code == 401  # expired
    assert not Event.objects.exists()


def test_another_site_cannot_use_our_session(owner: User, log: EventLog) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(EVENTS, json.dumps(EVENT), JSON).status_code == 403
    page = client.get("/simulate/").content.decode()
    secret = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"csrfmiddlewaretoken": secret, "username": "x", "password": "y"}
    assert client.post("/login/", form, headers={"origin": "https://evil.example"}).status_code == 403
    own = {"x-csrftoken": secret, "origin": "http://testserver"}
    assert client.post(EVENTS, json.dumps(EVENT), JSON, headers={**own, "origin": "null"}).status_code == 403
    assert client.post(EVENTS, json.dumps(EVENT), JSON, headers=own).status_code == 200


@pytest.mark.parametrize("path", ["brokers/", "tokens/", "logs/", "streams/", "models/", "jobs/", "history/"])
def test_nothing_is_ordered_or_filtered_by_a_secret_and_pages_are_bounded(api: APIClient, path: str) -> None:
    for secret in ("password", "digest", "token_key", "user__password", "-broker__password", "pk;DROP TABLE x"):
        assert api.get(f"/api/v1/{path}", {"ordering": secret}).status_code == 400, secret
    for query in ("password=x", "digest__startswith=a", "user__password__startswith=p"):
        assert api.get(f"/api/v1/{path}?{query}").status_code == 400, query
    assert api.get(f"/api/v1/{path}", {"page_size": 10**9}).status_code == 200
    for size in ("0", "-1", "1e9", "9" * 5000, "٣"):
        assert api.get(f"/api/v1/{path}", {"page_size": size}).status_code == 400, size


def test_a_page_has_at_most_500_rows(api: APIClient, log: EventLog) -> None:
    EventLog.objects.bulk_create(EventLog(slug=f"l{n}", name=f"L{n}") for n in range(501))
    assert len(api.get("/api/v1/logs/", {"page_size": 10**9}).json()["results"]) == 500


# --- Names ------------------------------------------------------------------------------


@pytest.fixture
def scripted(api: APIClient, stream: Stream) -> EventLog:
    """A log, a broker, a stream and events that are called by a script."""
    log = EventLog.objects.create(slug="scripted", name=SCRIPT)
    Broker.objects.update(name=SCRIPT, last_error=SCRIPT)
    Stream.objects.update(name=SCRIPT, log=log)
    event = {"case": SCRIPT, "activity": SCRIPT, "attributes": {SCRIPT: SCRIPT}}
    assert api.post("/api/v1/logs/scripted/events/", event).json()["stored"] == 1
    return log


def test_a_script_in_a_name_is_only_text_on_every_page(api: APIClient, scripted: EventLog) -> None:
    broker, stream = Broker.objects.get(), Stream.objects.get()
    for path in (
        *("/", "/logs/scripted/", "/simulate/", "/admin/", "/admin/streams/event/"),
        *(f"/admin/streams/broker/{broker.pk}/change/", f"/admin/streams/stream/{stream.pk}/change/"),
        *(f"/admin/streams/eventlog/{scripted.pk}/change/", "/admin/streams/stream/", "/admin/streams/eventlog/"),
        *("/api/v1/logs/", "/api/v1/logs/scripted/events/", "/api/v1/brokers/", f"/login/?next={SCRIPT}"),
        f"/nowhere/{SCRIPT}",
    ):
        answer = api.get(path, HTTP_ACCEPT="text/html")
        assert answer.status_code in (200, 302, 404), path
        assert SCRIPT not in answer.content.decode(), path
        assert "'unsafe-inline'" not in answer["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")


def test_json_and_exports_are_never_shown_as_a_page(api: APIClient, scripted: EventLog) -> None:
    answer = api.get("/api/v1/logs/scripted/events/", HTTP_ACCEPT=JSON)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (JSON, "nosniff")
    assert answer.json()["results"][0]["case"] == SCRIPT
    for form in ("csv", "xes", "ndjson"):
        answer = api.get(f"/api/v1/logs/scripted/export/?as={form}")
        assert answer["Content-Disposition"].startswith("attachment"), form
        assert "html" not in answer["Content-Type"]
        text = b"".join(answer.streaming_content).decode()
        assert (SCRIPT in text) is (form != "xes")  # XES escapes it


def test_formulas_in_csv_stay_what_was_recorded(api: APIClient, log: EventLog) -> None:
    """A decision: an export is data, so that it reads back equal; docs/running.md warns of spreadsheets."""
    formula = '=HYPERLINK("https://evil.example","x")\n+1'
    assert api.post(EVENTS, {"case": "@c", "activity": formula}).json()["stored"] == 1
    answer = api.get(f"{LOG}export/?as=csv")
    assert b'"=HYPERLINK(""https://evil.example"",""x"")\n+1"' in b"".join(answer.streaming_content)
    assert answer["Content-Type"].startswith("text/csv")


# --- Topics -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a/b", "+", "#", "a/#", "$SYS/x", "%2F", "é\0", "../.."])
def test_a_name_becomes_one_level_of_a_topic(name: str) -> None:
    level = topics.escape_level(name)
    topics.check_topic(f"plant/{level}")
    assert "/" not in level
    assert topics.unescape_level(level, "percent") == name


@pytest.mark.parametrize("topic", ["plant/+", "#", "plant/#/x", "a\0b", "", "x" * 70_000])
def test_nothing_is_sent_on_to_a_topic_that_means_many(api: APIClient, log: EventLog, mqtt: Broker, topic: str) -> None:
    answer = api.post("/api/v1/republish/", {"log": "factory", "broker": mqtt.pk, "topic": topic})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/topic")


def test_the_widest_filter_takes_no_topics_of_the_broker_itself(api: APIClient, mqtt: Broker) -> None:
    """``#`` is allowed (a plant may have no common base), and bounded: 100 new logs, 10,000 refused messages."""
    wide = {"slug": "wide", "name": "Wide", "broker": mqtt.pk, "topic": "#"}
    assert api.post("/api/v1/streams/", wide).status_code == 201
    assert not topics.matches("#", "$SYS/broker/load")
    again = api.post("/api/v1/streams/", {**wide, "slug": "again", "topic": "plant"})
    assert "overlaps" in again.json()["errors"][0]["detail"]


@pytest.mark.parametrize("topic", ["$share/g/plant/#", "$share/g/plant", "$queue/plant"])
def test_a_filter_that_shares_messages_with_others_is_refused(api: APIClient, mqtt: Broker, topic: str) -> None:
    asked = {
        "slug": "s",
        "name": "S",
        "broker": mqtt.pk,
        "topic": topic,
        "format": "json",
        "mapping": {"process": "/p"},
    }
    answer = api.post("/api/v1/streams/", asked)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/topic")


# --- Files ------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE])
def test_xml_with_entities_is_refused_in_logs_and_in_models(
    api: APIClient, log: EventLog, tmp_path: Any, settings: Any, bomb: str
) -> None:
    settings.VAR = tmp_path
    file = BytesIO(
        f'<?xml version="1.0"?>{bomb}<log><trace><string key="concept:name" value="&a;"/></trace></log>'.encode()
    )
    file.name = "../../../etc/cron.d/bomb.xes"
    answer = api.post(f"{LOG}import/", {"file": file}, format="multipart")
    assert answer.status_code == 202
    kinds = {"pnml": "pnml", "bpmn": "definitions", "ptml": "ptml"}
    for kind, root in kinds.items():
        source = f'<?xml version="1.0"?>{bomb}<{root}>&a;</{root}>'
        body = {"log": "factory", "name": kind, "kind": kind, "source": source}
        assert api.post("/api/v1/references/", body).status_code in (201, 400), kind
    Work().drain()
    job = api.get(f"/api/v1/jobs/{answer.json()['id']}/").json()
    assert job["state"] == "failed"
    assert "document type" in job["error"]
    for row in api.get("/api/v1/references/").json()["results"]:
        assert row["state"] == "refused", row
        assert "root:" not in json.dumps(row)
    assert not Event.objects.exists()
    assert {path.name for path in tmp_path.rglob("bomb*")} == set()


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../procmine/settings.py", "/static/%2e%2e/procmine/settings.py", "/static//etc/passwd"),
        *("/static/live/..%2f..%2f..%2fmanage.py", "/static/%00", "/source/../../etc/passwd", "/demo/..%2f"),
        *("/api/v1/logs/..%2f..%2fetc/", "/api/v1/logs/%00/", "/api/v1/models/1/export/?as=../../etc/passwd"),
        *("/api/v1/jobs/..%2f1/", "/admin/streams/broker/%2e%2e/change/", "/logs/%00/", "/api/v1/models/-1/"),
    ],
)
def test_a_path_leads_nowhere_else(api: APIClient, log: EventLog, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code in (302, 308, 400, 404, 410), answer.status_code
    assert b"SECRET_KEY" not in answer.content
    assert b"root:" not in answer.content


YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        YAML_BOMB,
        "!!python/object/apply:os.system ['touch /tmp/x']",
        "a: " + "[" * 20_000,
        "&a [*a]",
        "\x00",
        "? " * 9000,
    ],
)
def test_hostile_yaml_is_refused_at_its_field(api: APIClient, log: EventLog, text: str) -> None:
    answer = api.post("/api/v1/simulations/", {"config": text, "log": "factory"})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"] == "/config"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mapping", {"case": "order"}),
        ("mapping", {"case": "/" * 100_000}),
        ("mapping", {"case": ["/a"]}),
        ("mapping", {"__class__": "/a"}),
        ("mapping", "/case"),
        ("options", {"time_zone": "../../../../etc/passwd"}),
        ("options", {"time_zone": "/etc/localtime"}),
        ("options", {"escapes": {"$ne": 1}}),
        ("options", {"oldest": "9" * 1000}),
        ("options", {"partitions": 10**9}),
        ("options", {"x": 1}),
    ],
)
def test_a_hostile_mapping_or_option_is_refused_at_its_field(
    api: APIClient, log: EventLog, mqtt: Broker, field: str, value: Any
) -> None:
    asked = {
        "slug": "s",
        "name": "S",
        "broker": mqtt.pk,
        "topic": "t",
        "format": "json",
        "log": "factory",
        field: value,
    }
    answer = api.post("/api/v1/streams/", asked)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


@pytest.mark.parametrize(
    "memory", [{"cases": -1}, {"cases": 1.5}, {"cases": "1; DROP"}, {"last_s": 10**30}, {"x": 1}, [1]]
)
def test_a_hostile_memory_policy_is_refused_at_its_field(api: APIClient, log: EventLog, memory: Any) -> None:
    answer = api.patch(LOG, {"memory": memory})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/memory")
