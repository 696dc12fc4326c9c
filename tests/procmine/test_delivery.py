"""Image, containers and proxy: parsed and checked where they cannot run, run where they can."""

import http.client
import json
import os
import re
import secrets
import ssl
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from compose_spec import PyCompose
from django.core.management import get_commands, load_command_class
from websockets.sync.client import connect

from tests.conftest import free_port, listening, needs, wait_for
from tests.installation import Installation
from tests.procmine.conftest import ROOT
from tests.tools import dockerfile

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


def steps() -> list[dockerfile.Step]:
    return dockerfile.parse((ROOT / "Dockerfile").read_text())


def ours() -> dict[str, Any]:
    return {name: service for name, service in services().items() if "build" in service}


def test_the_compose_file_is_one() -> None:
    plain = {name: part for name, part in composed().items() if not name.startswith("x-")}
    compose = PyCompose.from_json(json.dumps(plain))
    compose.validate()
    compose.validate_volumes()
    compose.validate_networks()
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
    assert commands == {name: ["procmine", name] for name in ("ingest", "mine", "work", "migrate")}
    for _, name, *arguments in [*commands.values(), demo]:
        load_command_class(get_commands()[name], name).create_parser("procmine", name).parse_args(arguments)


def test_our_containers_have_no_rights_and_write_where_they_must_only() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        places = [place.split(":")[0] for place in service["tmpfs"]]
        places += [volume.split(":")[1] for volume in service.get("volumes", [])]
        assert sorted(places) == ["/tmp", "/var/lib/procmine"], name  # noqa: S108


def test_all_containers_are_bounded_and_without_rights() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else []), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is (name != "kafka"), name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert 0 < service["pids_limit"] <= 512, name
        assert all(re.search(r"[:,]size=\d+[mg]", place) for place in service.get("tmpfs", [])), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        everywhere = {"proxy"}  # all else is published on loopback
        assert name in everywhere or all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    assert {name: services()[name]["user"] for name in ("postgres", "redis", "mosquitto")} == {
        name: name for name in ("postgres", "redis", "mosquitto")
    }


def test_every_image_is_a_release_and_not_a_moving_tag() -> None:
    images = [service["image"] for service in services().values() if "build" not in service]
    images += [step.value.partition(" AS ")[0] for step in steps() if step.name == "FROM"]
    assert len(images) == 7
    for image in images:
        assert re.fullmatch(r"[\w/-]+:\d+\.\d+(\.\d+)?(-slim-[a-z]+)?", image), image
    assert len({step.value.partition(" AS ")[0] for step in steps() if step.name == "FROM"}) == 1


def test_devices_reach_neither_database_nor_redis() -> None:
    networks = {name: set(service["networks"]) for name, service in services().items()}
    assert composed()["networks"]["back"] == {"internal": True}
    assert {name for name, theirs in networks.items() if "back" in theirs} == {
        *("web", "ingest", "mine", "work", "migrate"),
        *("postgres", "redis"),
    }
    assert networks["postgres"] == networks["redis"] == networks["mine"] == networks["migrate"] == {"back"}
    assert networks["mosquitto"] == networks["kafka"] == {"brokers"}
    assert networks["proxy"] == {"front"}
    assert networks["demo"] == {"demo"}


def test_the_proxy_alone_is_believed_whom_it_forwards_for() -> None:
    [network] = composed()["networks"]["front"]["ipam"]["config"]
    proxy = services()["proxy"]["networks"]["front"]["ipv4_address"]
    assert services()["web"]["environment"]["PROCMINE_TRUSTED_PROXIES"] == proxy
    hosts = [str(address) for address in ip_network(network["subnet"]).hosts()]
    assert proxy in hosts[1:]  # the first is the gateway: everybody on this machine comes from there
    defaults = {match[1]: match[3] for match in VARIABLE.finditer((ROOT / "compose.yaml").read_text())}
    for name, value in re.findall(r"^#?(\w+)=(172\..*)$", (ROOT / ".env.example").read_text(), re.MULTILINE):
        assert defaults[name] == value


def test_nothing_secret_or_shared_has_a_default() -> None:
    asked = {match[1] for match in VARIABLE.finditer((ROOT / "compose.yaml").read_text()) if match[2] == "?"}
    empty = set(re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    secrets_ = {"PROCMINE_SECRET_KEY", "PROCMINE_INSTALLATION", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert asked == empty == secrets_
    assert "redis" not in services()["web"]["environment"]["PROCMINE_BROKER_HOSTS"].split(",")


def test_the_commands_of_the_document_fill_in_the_secrets(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    document = (ROOT / "docs" / "deploy.md").read_text()
    lines = [line for line in document.splitlines() if ".env" in line and re.match("(cp|for|sed) ", line)]
    needs("openssl")
    subprocess.run(["sh", "-euc", "\n".join(lines)], cwd=tmp_path, check=True)
    filled = dict(re.findall(r"^([A-Z_]+)=(\w+)$", (tmp_path / ".env").read_text(), re.MULTILINE))
    for name in ("PROCMINE_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert re.fullmatch("[0-9a-f]{64}", filled[name])
    assert filled["POSTGRES_PASSWORD"] != filled["REDIS_PASSWORD"]
    assert re.fullmatch("[0-9a-f]{8}", filled["PROCMINE_INSTALLATION"])


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
    final = [step for step in steps() if step.stage == steps()[-1].stage]
    assert dockerfile.last(final, "USER").value == "10001:10001"
    assert dockerfile.last(final, "CMD").words[0] == "daphne"
    assert [step.words[-2:] for step in final if step.name == "COPY"] == [["/opt/venv", "/opt/venv"]]  # no source
    installed = [step.value for step in final if step.name == "RUN"]
    assert not re.search(r"pip install|gcc|build-essential", " ".join(installed))
    hashed = [step.value for step in steps() if "-r requirements/image.txt" in step.value]
    assert len(hashed) == 1
    assert hashed[0].count("--require-hashes") == hashed[0].count(" -r ") == 2


def test_the_client_of_postgresql_is_as_new_as_the_server() -> None:
    [client] = re.findall(r"postgresql-client-(\d+)", (ROOT / "Dockerfile").read_text())
    [server] = re.findall(r"^postgres:(\d+)", services()["postgres"]["image"])
    assert int(client) >= int(server) >= 14  # Django 5.2


def test_the_build_context_holds_the_source_and_nothing_that_lies_about() -> None:
    ignore = (ROOT / ".dockerignore").read_text()
    command = [needs("git"), "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    names = [name for name in listed if name]
    assert dockerfile.sent(names, ignore) == names
    about = [
        *("procmine.tar", "backup/procmine.tar", "docs/procmine.tar", "notes.txt", "secret_key", "var/secret_key"),
        *(".env", "docs/.env", "docs/site.env", ".git/config", ".venv/bin/python", "static/.DS_Store", "tests/var/db"),
        *("procmine/db.sqlite3", "streams/__pycache__/models.cpython-313.pyc", "docs/tls.pem", "docs/tls/tls.key"),
        *("static/node_modules/x/index.js", "dist/procmine-1.0-py3-none-any.whl", "simulator/run.log"),
    ]
    assert dockerfile.sent(about, ignore) == []


def test_redis_starts_as_the_container_starts_it_and_asks_for_the_password() -> None:
    port = free_port()
    *_, script = services()["redis"]["command"]
    script = script.replace("$$", "$").replace('save ""', f'save ""\nport {port}\nbind 127.0.0.1')
    needs("redis-server")
    env = os.environ | {"REDISCLI_AUTH": "hunter2"}
    with subprocess.Popen(["sh", "-c", script], env=env, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: listening(port), 10, "redis")
            with pytest.raises(redis.AuthenticationError):
                redis.Redis(port=port).ping()
            with redis.Redis(port=port, password="hunter2") as client:
                assert client.config_get("maxmemory", "save") == {"maxmemory": str(128 * 2**20), "save": ""}
            assert b"hunter2" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.terminate()


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
