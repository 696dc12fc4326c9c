"""Image, containers and proxy: parsed and checked where they cannot run, run where they can."""

import http.client
import json
import os
import re
import secrets
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from django.core.management import get_commands, load_command_class
from websockets.sync.client import connect

from tests.conftest import free_port, listening, needs, wait_for
from tests.installation import Installation
from tests.procmine.conftest import ROOT

BIN = Path(sys.executable).parent
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def example() -> dict[str, str]:
    """What stands in .env.example, also behind a #, with something for what must be filled in."""
    found = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return {name: value or secrets.token_hex(32) for name, value in found}


def composed() -> dict[str, Any]:
    """compose.yaml with its variables as in .env.example and its anchors followed."""
    values = example()
    text = VARIABLE.sub(lambda match: values.get(match[1], match[3] or ""), (ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = composed()["services"]
    return found


def ours() -> dict[str, Any]:
    return {name: service for name, service in services().items() if "build" in service}


def test_the_compose_file_is_one() -> None:
    plain = {name: part for name, part in composed().items() if not name.startswith("x-")}
    compose = PyCompose.from_json(json.dumps(plain))
    compose.validate()
    compose.validate_volumes()
    assert set(compose.service_names()) == {
        *("web", "ingest", "mine", "work", "migrate", "demo"),
        *("postgres", "redis", "mosquitto", "proxy", "kafka"),
    }
    waited_for = {name for service in services().values() for name in service.get("depends_on", {})}
    assert waited_for <= set(services())
    for name in ("postgres", "redis"):
        assert "test" in services()[name]["healthcheck"]
    assert {name for name, service in services().items() if "profiles" in service} == {"proxy", "kafka", "demo"}


def test_every_variable_of_compose_is_in_the_example_and_the_other_way_round() -> None:
    used = {match[1] for match in VARIABLE.finditer((ROOT / "compose.yaml").read_text())}
    assert used == set(example())
    told = (ROOT / "docs" / "configuration.md").read_text()
    for name in ours()["web"]["environment"]:
        assert f"`{name}`" in told


def test_the_roles_of_compose_are_commands_that_exist() -> None:
    commands = {name: service["command"] for name, service in ours().items() if "command" in service}
    demo = commands.pop("demo")
    assert commands == {name: ["python", "manage.py", name] for name in ("ingest", "mine", "work", "migrate")}
    for _, _, name, *arguments in [*commands.values(), demo]:
        load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(arguments)


def test_our_containers_have_no_rights_and_write_where_they_must_only() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        places = [place.split(":")[0] for place in service["tmpfs"]]
        places += [volume.split(":")[1] for volume in service.get("volumes", [])]
        assert sorted(places) == ["/tmp", "/var/lib/procmine"], name  # noqa: S108
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_settings_of_production_pass_djangos_check(tmp_path: Path) -> None:
    given = services()["web"]["environment"] | {"PROCMINE_VAR": str(tmp_path)}
    env = {name: value for name, value in os.environ.items() if not name.startswith("PROCMINE_")} | given
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_image_is_built_as_it_should_be() -> None:
    done = subprocess.run(
        [needs("hadolint"), "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    text = (ROOT / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]
    assert "USER 10001:10001" in final
    assert "HEALTHCHECK" in final
    assert "pip install" not in final
    [kafka] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["kafka"]
    assert f"ARG KAFKA={kafka}\n" in text
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "var", ".env"} <= set(ignored)


def test_mosquitto_starts_as_the_container_starts_it(tmp_path: Path) -> None:
    port = free_port()
    *_, script = services()["mosquitto"]["command"]
    places = {"/procmine.conf": "docs/mosquitto.conf", "/mosquitto/data/": f"{tmp_path}/", "/tmp/": f"{tmp_path}/"}  # noqa: S108
    for inside, here in places.items():
        script = script.replace(inside, here)
    script = script.replace("listener 1883|", f"listener {port} 127.0.0.1|")
    needs("mosquitto")
    with subprocess.Popen(["sh", "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: listening(port), 10, "mosquitto")
            assert process.poll() is None
        finally:
            process.terminate()


# --- The proxy, run as it is ------------------------------------------------------------


class Proxied:
    """A web process with TLS in front, as a client sees it."""

    def __init__(self, web: Installation, port: int) -> None:
        self.web = web
        self.port = port
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE  # Caddy's own authority

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=20)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxied")
    port = free_port()
    with Installation(folder / "var", HTTPS="true") as web:
        web.start("web")
        env = os.environ | {
            "PROCMINE_SITE": "localhost",
            "PROCMINE_WEB": f"127.0.0.1:{web.port}",
            "PROXY_HTTP_PORT": str(free_port()),
            "PROXY_HTTPS_PORT": str(port),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        command = [needs("caddy"), "run", "--adapter", "caddyfile", "--config", ROOT / "docs" / "Caddyfile"]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: listening(port), 20, "Caddy")
            made = Proxied(web, port)
            wait_for(lambda: _answers(made), 20, "a certificate")
            yield made
        finally:
            process.terminate()
            process.wait(20)


def _answers(proxied: Proxied) -> bool:
    try:
        return proxied.get("/healthz")[0] == 200
    except OSError:
        return False


def test_pages_come_by_tls_and_say_so(proxied: Proxied) -> None:
    status, headers, _ = proxied.get("/login/")
    assert status == 200  # no redirect in a circle
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Secure" in headers["Set-Cookie"]


def test_without_the_proxy_nobody_is_let_in_by_plain_http(proxied: Proxied) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxied.web.port)
    connection.request("GET", "/login/")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://127.0.0.1:{proxied.web.port}/login/")
    connection.close()


def test_what_a_client_says_of_itself_does_not_pass_the_proxy(proxied: Proxied) -> None:
    said = {"X_Forwarded_For": "6.6.6.6", "X_Forwarded_Proto": "http", "Forwarded": "for=6.6.6.6"}
    status, _, body = proxied.get(
        "/api/v1/me/", Authorization=f"Token {proxied.web.token}", Daphne_Root_Path="/e", **said
    )
    assert (status, json.loads(body)["username"]) == (200, "boss")
    assert "6.6.6.6" not in proxied.web.log_file("web").read_text()


def test_the_live_socket_passes_the_proxy(proxied: Proxied) -> None:
    headers = {"Authorization": f"Token {proxied.web.token}"}
    url = f"wss://localhost:{proxied.port}/ws/live/"
    with connect(url, ssl=proxied.tls, additional_headers=headers) as client:
        client.send('{"type":"ping","id":1}')
        assert "pong" in str(client.recv(timeout=10))
