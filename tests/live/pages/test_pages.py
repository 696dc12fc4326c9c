"""The pages as the server makes them: who may see them, what each state says, the map without scripts."""

import gzip
import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from models_mining.core.drawing.drawing import Drawing
from models_mining.mined_models.picture_svg import END, START, draw
from models_mining.mined_models.pictures import next_picture
from models_mining.models import LogState, MinedModel, Minute
from procmine.web.static_files import version
from streams.models import Broker, EventLog, Rejection, Stream

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    """Signed in, may do everything."""
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def viewer(client: Client, db: None) -> Client:
    """Signed in, may view logs and nothing else."""
    user = User.objects.create_user("viewer")
    user.user_permissions.add(Permission.objects.get(codename="view_eventlog"))
    client.force_login(user)
    return client


def picture(*labels: str, **fields: Any) -> dict[str, Any]:
    """A chain of activities with a loop on the second and a way back from the last to the first."""
    nodes = [
        {"id": i, "label": label, "n": 1000 - i, "starts": 0, "ends": 0, "open": 0} for i, label in enumerate(labels)
    ]
    nodes[0] |= {"starts": 700}
    nodes[-1] |= {"ends": 690, "open": 4}
    times = {"mean_s": 35.25, "median_s": 30.0, "p95_s": 95.0}
    last = len(labels) - 1
    pairs = [(i, i + 1) for i in range(last)] + [(1, 1), (last, 0)]
    edges = [{"s": s, "t": t, "n": 640 + 10 * s + t, **times} for s, t in pairs]
    drawing = Drawing(kind="graph", nodes=nodes, edges=edges)
    return next_picture(None, drawing, epoch="e", version=1, seq=2000, at="2026-01-02T10:00:00Z", **fields)


@pytest.fixture
def opened(db: None) -> Callable[..., EventLog]:
    """``opened("Take", "Pack")``: the log ``orders`` with a picture of these activities."""

    def log(*labels: str) -> EventLog:
        made = EventLog.objects.create(
            slug="orders", name="Orders & more", stored=2000, last_received_at=timezone.now()
        )
        if labels:
            MinedModel.objects.filter(log=made, algorithm="dfg").delete()
            MinedModel.objects.create(log=made, epoch="e", version=1, seq=2000, picture=picture(*labels))
        return made

    return log


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/logs/orders/"])
def test_a_page_asks_a_stranger_to_sign_in(client: Client, opened: Callable[..., EventLog], path: str) -> None:
    opened()
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client, opened: Callable[..., EventLog]) -> None:
    opened()
    User.objects.create_superuser("boss", password="right")
    form = {"username": "boss", "next": "/logs/orders/"}
    refused = client.post("/login/", form | {"password": "wrong"})
    assert "do not match" in refused.content.decode()
    assert client.post("/login/", form | {"password": "right"})["Location"] == "/logs/orders/"


def test_every_page_names_its_version_and_links_its_source(client: Client, boss: Client, settings: Any) -> None:
    settings.SOURCE_URL = "https://source.test/procmine"
    for path in ("/", "/nothing/here/"):
        page = client.get(path).content.decode()
        assert f"procmine {settings.VERSION}" in page
        assert 'href="https://source.test/procmine"' in page
    settings.SOURCE_URL = ""
    assert 'href="/source/"' in text(boss, "/")


def test_a_page_carries_a_policy_and_nothing_that_the_policy_forbids(
    boss: Client, opened: Callable[..., EventLog]
) -> None:
    opened("Take", "Pack", "Ship")
    for path in ("/", "/logs/orders/", "/nothing/here/"):
        answer = boss.get(path)
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page)
        assert "<style" not in page


def test_the_empty_start_page_tells_three_ways_to_begin(boss: Client) -> None:
    page = text(boss, "/")
    assert 'href="/connect/"' in page
    assert "http://testserver/api/v1/logs/orders/events/" in page
    assert "serve --demo" in page


def test_somebody_without_the_permission_is_told_so_and_finds_no_log(
    client: Client, opened: Callable[..., EventLog]
) -> None:
    opened("Take", "Pack")
    client.force_login(User.objects.create_user("nobody"))
    assert "may not view any log" in text(client, "/")
    assert "Orders" not in text(client, "/")
    text(client, "/logs/orders/", status=404)


def test_a_viewer_sees_logs_but_no_way_into_the_admin(viewer: Client, opened: Callable[..., EventLog]) -> None:
    opened("Take", "Pack")
    page = text(viewer, "/")
    assert "Orders &amp; more" in page
    assert "/admin/" not in page


def test_a_card_says_how_a_log_is_doing(boss: Client, opened: Callable[..., EventLog]) -> None:
    log = opened("Take", "Pack")
    now = timezone.now().replace(second=0, microsecond=0)
    Minute.objects.create(log=log, minute=now - timedelta(minutes=1), events=77)
    Minute.objects.create(log=log, minute=now - timedelta(minutes=5), events=23)
    Minute.objects.create(log=log, minute=now - timedelta(hours=3), events=5000)
    LogState.objects.create(log=log, epoch="e", seq=2000, open_cases=12, saved_at=now)
    broken = Broker.objects.create(
        name="plant", host="127.0.0.1", state="failed", last_error="Connection refused", seen_at=timezone.now()
    )
    sensors = Stream.objects.create(slug="s", name="Sensors", broker=broken, topic="a", log=log, rejected=1000)
    for minutes in (5, 20, 59, 61):  # the last is of the hour before
        moment = timezone.now() - timedelta(minutes=minutes)
        Rejection.objects.create(stream=sensors, received_at=moment, topic="a", payload=b"x", reason="not_json")
    Stream.objects.create(slug="t", name="Idle", broker=broken, topic="b", log=log, enabled=False)
    page = text(boss, "/")
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", page))
    assert figures == {"Events/min": "77", "Open cases": "12", "Events": "2,000", "Refused/h": "3"}
    assert "100 in all" in page
    stream = r'<a class="name" href="/streams/{}/">{}</a>'
    assert re.search(f'state bad"></i>{stream.format("s", "Sensors")}.*cannot connect: Connection refused', page)
    assert re.search(
        f'state off"></i>{stream.format("t", "Idle")}<span class="quiet" title="It is switched off.">stopped', page
    )
    assert '<a href="/streams/s/rejections/">3 refused</a>' in page
    assert re.search(r"<time data-age[^>]*>(now|\d+ s ago)</time>", page)


def test_a_log_without_a_picture_waits_for_its_first_event(boss: Client, opened: Callable[..., EventLog]) -> None:
    opened()
    assert "Waiting for the first event of Orders &amp; more." in text(boss, "/logs/orders/")
    text(boss, "/logs/unknown/", status=404)


def test_the_server_made_map_and_tables_carry_the_numbers_of_the_picture(
    boss: Client, opened: Callable[..., EventLog]
) -> None:
    opened("Take", "Check", "Pack")
    page = text(boss, "/logs/orders/")
    svg = page[page.index('<svg class="map"') : page.index("</svg>")]
    labels = re.findall(r'class="label"[^>]*>([^<]+)</text><text class="count"[^>]*>([^<]+)<', svg)
    assert labels == [("Take", "1,000"), ("Check", "999"), ("Pack", "998")]
    assert sorted(re.findall(r'class="edge-label (\w+)".*?<text[^>]*>([^<]+)<', svg)) == [
        ("end", "686"),  # 690 last events, 4 of them of open cases
        ("loop", "651"),
        ("path", "641"),
        ("path", "652"),
        ("path", "660"),
        ("start", "700"),
    ]
    assert re.findall(r'class="here".*?<text[^>]*>([^<]+)<', svg) == ["4"]
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page)]
    assert ["Pack", "998", "4", "0", "686"] in rows
    assert ["Pack", "Take", "", "660", "35.2 s", "30 s", "1 min 35 s"] in rows


def test_names_of_activities_and_logs_are_escaped(boss: Client, opened: Callable[..., EventLog]) -> None:
    log = opened(EVIL, '"><img src=x>')
    EventLog.objects.filter(pk=log.pk).update(name=EVIL)
    for path in ("/", "/logs/orders/"):
        page = text(boss, path)
        assert "<script>alert" not in page
        assert html.escape(EVIL) in page
        assert "<img src=x" not in page


def test_a_drawing_keeps_boxes_apart_and_places_each_below_its_predecessor() -> None:
    drawing = draw(picture(*(f"Step {i}" for i in range(60))))
    boxes = {node.key: node for node in drawing.nodes}
    assert set(boxes) == {START, END, *range(60)}
    for one in drawing.nodes:
        for other in drawing.nodes:
            apart = abs(one.x - other.x) >= (one.w + other.w) / 2 or abs(one.y - other.y) >= (one.h + other.h) / 2
            assert one is other or apart
    assert all(boxes[i].y < boxes[i + 1].y for i in range(59))
    assert all(drawing.left <= node.x - node.w / 2 for node in drawing.nodes)


def test_an_unknown_page_says_so_in_a_sentence(boss: Client) -> None:
    assert "There is no such page" in text(boss, "/nothing/here/", status=404)


def test_a_fault_of_ours_is_said_as_such(boss: Client, opened: Callable[..., EventLog]) -> None:
    log = opened("Take", "Pack")
    MinedModel.objects.filter(log=log).update(picture={"nodes": ["not a node"]})
    boss.raise_request_exception = False
    page = text(boss, "/logs/orders/", status=500)
    assert "The fault is ours" in page
    assert "not a node" not in page


def test_the_live_page_asks_for_all_its_scripts_together(boss: Client, opened: Callable[..., EventLog]) -> None:
    opened("Take", "Pack")
    page = text(boss, "/logs/orders/")
    asked = set(re.findall(rf'rel="modulepreload" href="/static/{version()}/([^"]+)"', page))
    assert {"page/view.js", "map/map.js", "map/camera.js", "vendor/preact/standalone.module.js"} <= asked
    assert "time/timeline.js" not in asked  # it waits until it is wanted


def test_scripts_and_styles_of_the_first_visit_of_the_live_page_stay_small(settings: Any) -> None:
    static = settings.BASE_DIR / "static"
    templates = [settings.BASE_DIR / "templates" / name for name in ("base.html", "live/live_view.html")]
    asked = [name for path in templates for name in re.findall(r"static '([^']+\.(?:js|css))'", path.read_text())]
    sizes: dict[str, int] = {}
    files = [(static / name).resolve() for name in asked]
    while files:  # what is imported at once, the layout worker included; not what waits for a click
        file = files.pop()
        if file.name in sizes:
            continue
        sizes[file.name] = len(gzip.compress(file.read_bytes(), 6))
        imported = re.findall(r'from "(\.[^"]+)"|URL\("(\.[^"]+\.js)", import', file.read_text())
        files += [(file.parent / (first or second)).resolve() for first, second in imported]
    assert {"page.js", "live.css", "dagre.esm.js", "d3-zoom.min.js"} <= set(sizes)
    assert not {"model-form.js", "replay.js", "uPlot.iife.min.js"} & set(sizes)
    assert sum(sizes.values()) < 120_000


def test_vendored_files_are_the_published_ones_and_a_changed_one_is_named(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("vendor_check")
    assert "as published" in capsys.readouterr().out
    (tmp_path / "README.md").write_text(
        f"| `a.js` | a | 1 | MIT | `{'0' * 64}` |\n| `b.js` | b | 1 | MIT | `{'0' * 64}` |\n"
    )
    (tmp_path / "a.js").write_text("changed")
    (tmp_path / "c.js").write_text("new")
    with pytest.raises(CommandError, match=r"(?s)a\.js: changed.*b\.js: missing.*c\.js: not in README\.md"):
        call_command("vendor_check", folder=tmp_path)
