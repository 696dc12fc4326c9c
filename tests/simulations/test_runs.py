"""Simulations started from the page and the API: who may, what is refused at which line, the run itself."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from simulations import run_process, runs
from simulations.models import SILENT_S, Simulation
from streams.models import Event, EventLog
from tests.conftest import wait_for
from tests.installation import Installation
from tests.simulator.worlds import COUNTED, MQTT_SINK, PRESS, START

WORLD = "---".join(dedent(part) for part in (START, PRESS, COUNTED))
STREAM = WORLD.replace("countBased", "stream").replace("steps: 10", "load: {loadBehavior: constant, load: 200}")
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="toy", name="Toy")


def user_who(*codenames: str, name: str = "someone") -> User:
    made: User = User.objects.create_user(name)
    found = Permission.objects.filter(codename__in=codenames)
    assert len(found) == len(codenames)
    made.user_permissions.set(found)
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(db: None) -> Client:
    return signed_in(User.objects.create_superuser("boss"))


def row(log: EventLog, **fields: Any) -> Simulation:
    return Simulation.objects.create(**{"config": WORLD, "log": log, "count": 100, "seed": 1} | fields)


# --- The page -----------------------------------------------------------------------


def test_who_may_neither_start_nor_see_simulations_is_kept_out(client: Client, log: EventLog) -> None:
    made = row(log)
    for path in ("/simulate/", f"/simulate/{made.pk}/", f"/simulate/{made.pk}/state/"):
        assert client.get(path)["Location"] == f"/login/?next={path}"
    nobody = signed_in(user_who())
    assert nobody.get("/simulate/").status_code == 403
    assert nobody.get(f"/simulate/{made.pk}/").status_code == 403
    assert nobody.post(f"/simulate/{made.pk}/stop/").status_code == 403
    assert "/simulate/" not in nobody.get("/").content.decode()


def test_who_may_only_look_sees_runs_into_logs_that_he_may_view_and_starts_none(log: EventLog) -> None:
    made = row(log)
    client = signed_in(user_who("view_simulation", "view_eventlog"))
    page = client.get("/simulate/").content.decode()
    assert f'href="/simulate/{made.pk}/"' in page
    assert "<textarea" not in page
    assert "Toy" in client.get(f"/simulate/{made.pk}/").content.decode()
    assert client.post("/simulate/", {"config": WORLD, "do": "start"}).status_code == 403
    assert client.post(f"/simulate/{made.pk}/stop/").status_code == 403
    blind = signed_in(user_who("view_simulation", name="blind"))
    assert blind.get(f"/simulate/{made.pk}/").status_code == 404


def test_the_starter_stops_his_own_run_and_no_other(log: EventLog) -> None:
    user = user_who("add_simulation", "view_eventlog")
    own, other = row(log, owner=user), row(log)
    client = signed_in(user)
    assert client.post(f"/simulate/{own.pk}/stop/").status_code == 302
    assert client.post(f"/simulate/{other.pk}/stop/").status_code == 404
    assert [made.stop_asked for made in Simulation.objects.order_by("pk")] == [True, False]


def test_examples_are_offered_checked_and_drawn(boss: Client) -> None:
    page = boss.get("/simulate/").content.decode()
    names = re.findall(r"<option>(\w+)</option>", page)
    assert "factory" in names
    for name in names:
        page = boss.get("/simulate/", {"example": name}).content.decode()
        assert "<h2>No problems</h2>" in page
        assert '<svg xmlns="http://www.w3.org/2000/svg" class="chain"' in page
    assert boss.get("/simulate/", {"example": "../../etc"}).status_code == 404


def test_faults_are_shown_at_their_lines(boss: Client) -> None:
    before = "selection: genericProbability\n  distribution: [0.7"
    wrong = WORLD.replace(before, before.replace("genericProbability", "genric")).replace("steps: 10", "steps: many")
    lines = wrong.split("\n")
    page = boss.post("/simulate/", {"config": wrong, "do": "check"}).content.decode()
    assert "2 problems" in page
    for line, words in (("selection: genric", "selection: is unknown"), ("steps: many", "steps: has a wrong value")):
        listed = re.search(rf'<li value="{lines.index(f"  {line}") + 1}"[^>]*>(.*?)</li>', page, re.DOTALL)
        assert listed
        assert f'<code class="faulty">  {line}</code><p class="problem">spec.{words}' in listed[1]
    assert not Simulation.objects.exists()


def test_what_is_pasted_is_shown_as_text(boss: Client) -> None:
    sound = WORLD.replace("activity: press", f"activity: '{EVIL}'")
    for text in (sound, sound.replace("transition: Press", f"transition: '{EVIL}'")):
        page = boss.post("/simulate/", {"config": text, "do": "check"}).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page)
        assert "<style" not in page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "problem"),
        ("kind: [", "is not YAML"),
        ("a: 1", "kind: is missing"),
        ("x" * 200_000, "at most 65536 characters"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
            "its aliases expand",
        ),
        (WORLD.replace("maxConcurrentCases: 3", "maxConcurrentCases: 1000000000"), "here at most 10000"),
    ],
)
def test_a_text_that_cannot_be_run_is_refused(boss: Client, text: str, expected: str) -> None:
    answer = boss.post("/simulate/", {"config": text, "log": "toy", "count": 5, "do": "start"})
    assert answer.status_code == 200
    assert expected in answer.content.decode()
    assert not Simulation.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", "0"),
        ("count", "1000001"),
        ("count", "x"),
        ("rate", "0"),
        ("rate", "1001"),
        ("rate", "nan"),
        ("seed", "9" * 30),
        ("log", ""),
    ],
)
def test_what_is_beyond_the_limits_is_refused_at_its_field(boss: Client, log: EventLog, field: str, value: str) -> None:
    form = {"config": WORLD, "log": "toy", "count": "5", "rate": "1", "seed": "1", "do": "start"} | {field: value}
    page = boss.post("/simulate/", form).content.decode()
    assert re.search(rf'name="{field}"[^>]*>(\s*<datalist.*?</datalist>)?\s*<p class="problem">', page, re.DOTALL)
    assert not Simulation.objects.exists()


def test_a_log_one_may_not_send_to_is_no_target(log: EventLog) -> None:
    client = signed_in(user_who("add_simulation", "view_eventlog"))
    for name in ("toy", "Toy", "another"):
        page = client.post("/simulate/", {"config": WORLD, "log": name, "count": 5, "do": "start"}).content.decode()
        assert "no such log, or you may not send to it" in page
    assert not Simulation.objects.exists()


def test_no_more_runs_than_allowed_go_on_at_once(boss: Client, log: EventLog) -> None:
    for _ in range(runs.MAX_AT_ONCE):
        row(log)
    form = {"config": WORLD, "log": "toy", "count": 5, "do": "start"}
    assert "4 simulations run already" in boss.post("/simulate/", form).content.decode()
    answer = boss.post("/api/v1/simulations/", {"config": WORLD, "log": "toy", "count": 5}, "application/json")
    assert (answer.status_code, answer.json()["detail"][:25]) == (409, "4 simulations run already")


def test_a_run_that_fell_silent_is_given_up(boss: Client, log: EventLog) -> None:
    made = row(log, state="running", heard_at=timezone.now() - timedelta(seconds=SILENT_S + 1))
    page = boss.get(f"/simulate/{made.pk}/").content.decode()
    assert "its process is gone" in page
    made.refresh_from_db()
    assert (made.state, made.active) == ("failed", False)


# --- The API ------------------------------------------------------------------------


def post(client: Client, **body: Any) -> Any:
    return client.post("/api/v1/simulations/", {"config": WORLD, "log": "toy"} | body, "application/json")


def test_errors_of_a_configuration_carry_their_line(boss: Client, log: EventLog) -> None:
    answer = post(boss, config=WORLD.replace("steps: 10", "steps: many"))
    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    line = WORLD.split("\n").index("  steps: 10") + 1
    assert (error["pointer"], error["line"]) == ("/config", line)
    assert error["detail"].startswith("spec.steps: has a wrong value, got 'many'")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"log": "nowhere"}, "/log"),
        ({"count": 0}, "/count"),
        ({"count": 10**7}, "/count"),
        ({"rate": 1e6}, "/rate"),
        ({"seed": 2**63}, "/seed"),
        ({"config": "x" * 200_000}, "/config"),
        ({"config": ""}, "/config"),
    ],
)
def test_a_wrong_field_is_pointed_at(boss: Client, log: EventLog, body: dict[str, Any], pointer: str) -> None:
    answer = post(boss, **body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_permissions_open_the_resource_step_by_step(log: EventLog) -> None:
    made = row(log)
    looker = signed_in(user_who("view_simulation", "view_eventlog", "ingest_eventlog", name="looker"))
    assert [run["id"] for run in looker.get("/api/v1/simulations/").json()["results"]] == [made.pk]
    assert post(looker).status_code == 403
    assert looker.post(f"/api/v1/simulations/{made.pk}/stop/").status_code == 403
    starter = signed_in(user_who("add_simulation", "view_eventlog", name="starter"))
    assert starter.get("/api/v1/simulations/").json()["results"] == []
    answer = post(starter)
    assert (answer.status_code, "may not send events" in answer.json()["detail"]) == (403, True)
    stopper = signed_in(user_who("view_simulation", "view_eventlog", "change_simulation", name="stopper"))
    assert stopper.post(f"/api/v1/simulations/{made.pk}/stop/").status_code == 200
    made.refresh_from_db()
    assert made.stop_asked


def test_the_admin_shows_and_stops_runs_and_changes_none(boss: Client, log: EventLog) -> None:
    made = row(log)
    assert boss.get("/admin/simulations/simulation/add/")["Location"] == "/simulate/"  # where it is checked and drawn
    assert "Stop" in boss.get("/admin/simulations/simulation/").content.decode()
    boss.post("/admin/simulations/simulation/", {"action": "stop", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert made.stop_asked
    assert boss.post(f"/admin/simulations/simulation/{made.pk}/delete/", {"post": "yes"}).status_code == 403


# --- The run ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_run_stores_its_events_under_cases_of_its_own_and_says_how_it_went(log: EventLog) -> None:
    texts = []
    for made in (row(log, count=7), row(log, count=7)):
        call_command("run_simulation", str(made.pk))
        made.refresh_from_db()
        assert (made.state, made.sent, made.error, made.rejected) == ("finished", 7, "", 0)
        assert made.ended_at is not None
        events = Event.objects.filter(log=log, case__startswith=f"s{made.pk}-").order_by("seq")
        assert len(events) == 7
        assert made.output.splitlines()[-1].endswith(f"{events[6].case}  {events[6].activity}")
        assert {event.attributes["node"] for event in events} == {"Press"}
        texts.append([(event.case.partition("-")[2], event.activity) for event in events])
    assert texts[0] == texts[1]  # the same seed


@pytest.mark.django_db(transaction=True)
def test_a_run_goes_on_at_the_rate_of_its_row_until_it_is_asked_to_stop(log: EventLog) -> None:
    made = row(log, config=STREAM, count=100_000, rate=50)
    thread = threading.Thread(target=_run_beside, args=(made.pk,))
    thread.start()
    try:
        wait_for(lambda: Event.objects.filter(log=log).count() >= 20, what="events in the log")
        wait_for(lambda: Simulation.objects.get(pk=made.pk).per_second > 0, what="a rate in the row")
        runs.stop(made)
    finally:
        Simulation.objects.filter(pk=made.pk).update(stop_asked=True)
        thread.join(timeout=15)
    made.refresh_from_db()
    assert (made.state, made.output.splitlines()[0]) == ("stopped", "stopped")
    assert made.sent <= Event.objects.filter(log=log).count() <= made.sent + 1


def _run_beside(pk: int) -> None:
    try:
        run_process.Running(Simulation.objects.select_related("log").get(pk=pk)).run()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_events_that_the_log_refuses_are_counted_and_said(log: EventLog) -> None:
    made = row(log, config=WORLD.replace("activity: press", f"activity: {'p' * 300}"), count=20)
    call_command("run_simulation", str(made.pk))
    made.refresh_from_db()
    assert (made.state, made.sent) == ("finished", 10)
    assert 0 < made.rejected == 10 - Event.objects.filter(log=log).count()
    assert "an event was refused: `activity` has 300 characters; at most 255" in made.output


@pytest.mark.django_db(transaction=True)
def test_sinks_of_the_pasted_text_are_not_used(log: EventLog, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    csv = dedent(MQTT_SINK.replace("type: mqtt", f"type: csv\n      path: {file}"))
    made = row(log, config=f"{WORLD}---{dedent(MQTT_SINK)}---{csv.replace('broker', 'file')}", count=10)
    call_command("run_simulation", str(made.pk))
    made.refresh_from_db()
    assert (made.state, made.sent, made.error) == ("finished", 10, "")
    assert not file.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_over_or_unknown_is_not_run_again(log: EventLog) -> None:
    made = row(log, state="finished")
    call_command("run_simulation", str(made.pk))
    assert not Event.objects.exists()
    with pytest.raises(CommandError, match="There is no simulation 999"):
        call_command("run_simulation", "999")


# --- The whole way, with processes ----------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("simulate") / "var") as made:
        made.start("web")
        made.api("POST", "logs/", {"slug": "toy", "name": "Toy"})
        yield made


def state_of(installed: Installation, pk: int) -> Callable[[], str]:
    return lambda: str(installed.api("GET", f"simulations/{pk}/")["state"])


def test_a_run_is_started_watched_and_stopped_over_the_api(installed: Installation) -> None:
    body = {"config": STREAM, "log": "toy", "count": 100_000, "rate": 100, "seed": 3}
    pk = installed.api("POST", "simulations/", body)["id"]
    wait_for(lambda: installed.api("GET", f"simulations/{pk}/")["sent"] >= 50, timeout_s=30, what="50 events")
    first = installed.api("GET", "logs/toy/events/?page_size=1")["results"][0]
    assert first["case"].startswith(f"s{pk}-case_")
    installed.api("POST", f"simulations/{pk}/stop/")
    wait_for(lambda: state_of(installed, pk)() == "stopped", what="the end of the run")
    run = installed.api("GET", f"simulations/{pk}/")
    assert run["per_second"] == 0
    after = installed.api("GET", f"logs/toy/events/?seq_after={run['sent']}")["results"]
    assert len(after) <= 1  # stored, and not counted any more
    assert installed.api("GET", f"logs/toy/events/?seq_after={run['sent'] - 1}")["results"]


def test_runs_end_with_the_process_that_started_them(installed: Installation) -> None:
    installed.api("POST", "logs/", {"slug": "left", "name": "Left"})
    pk = installed.api("POST", "simulations/", {"config": STREAM, "log": "left", "rate": 20})["id"]
    wait_for(lambda: state_of(installed, pk)() == "running", timeout_s=30, what="the run")
    installed.kill("web")
    installed.start("web")
    wait_for(lambda: state_of(installed, pk)() == "stopped", what="the end of the run")
    assert "the process that started it ended" in installed.api("GET", f"simulations/{pk}/")["output"]
