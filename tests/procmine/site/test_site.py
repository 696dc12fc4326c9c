"""Source, health and the demo's link, inside one process."""

import io
import os
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from procmine.serving import demo
from procmine.site import archive
from procmine.source_files import source_files
from tests.conftest import needs
from tests.procmine.conftest import ROOT


def names() -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(archive.source_archive.__wrapped__())) as tar:  # without the cache
        return {name.split("/", 1)[1] for name in tar.getnames()}


def test_the_source_is_offered_to_everybody_as_an_archive(client: Client) -> None:
    answer = client.get("/source/")
    assert answer["Content-Type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        packed = tar.extractfile(tar.getmember(f"{answer['Content-Disposition'].split(chr(34))[1][:-7]}/LICENSE"))
        assert packed is not None
        assert packed.read() == (ROOT / "LICENSE").read_bytes()


def test_the_source_leads_to_where_it_is_offered_instead(client: Client, settings: Any) -> None:
    settings.SOURCE_URL = "https://source.example.org/procmine"
    assert client.get("/source/")["Location"] == "https://source.example.org/procmine"


def planted(root: Path) -> None:
    """Files of the program, and others that are none of anybody's business."""
    for name in (
        *("manage.py", "procmine/settings.py", "static/vendor/preact.license", ".ci/run"),  # these belong to it
        *("var/secret_key", ".venv/lib/python.py", ".env", "notes.txt", "procmine/__pycache__/settings.pyc"),
        *("procmine/.env", "streams/db.sqlite3", "docs/tls.pem", "static/state/secret_key"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "docs" / "outside").symlink_to("/etc/hostname")


def git(root: Path, *arguments: str) -> None:
    subprocess.run([needs("git"), *arguments], cwd=root, check=True, capture_output=True)


def test_the_source_of_a_checkout_is_what_git_lists(tmp_path: Path) -> None:
    planted(tmp_path)
    git(tmp_path, "init")
    git(tmp_path, "add", "manage.py", "procmine/settings.py", "docs/outside")
    (tmp_path / "docs" / "private.md").write_text("a password")
    (tmp_path / "procmine" / "settings.py").write_text("changed")
    found = source_files(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in found] == ["manage.py", "procmine/settings.py"]


def test_a_checkout_of_another_user_is_read_all_the_same(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    git(tmp_path, "init")
    (tmp_path / "manage.py").touch()
    git(tmp_path, "add", "manage.py")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "private.md").touch()
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 65534, 65534)
    assert source_files(tmp_path) == [tmp_path / "manage.py"]


def test_the_source_of_a_running_checkout_is_packed_as_listed() -> None:
    assert names() == {file.relative_to(ROOT).as_posix() for file in source_files(ROOT)}
    assert {"manage.py", "tests/procmine/site/test_site.py", "static/favicon.svg", ".ci/run"} <= names()


def test_without_git_the_source_holds_neither_state_nor_secrets(tmp_path: Path, settings: Any) -> None:
    planted(tmp_path)
    settings.BASE_DIR, settings.VAR = tmp_path, tmp_path / "static" / "state"
    assert names() == {".ci/run", "manage.py", "procmine/settings.py", "static/vendor/preact.license"}


@pytest.fixture
def demo_user(tmp_path: Path, settings: Any) -> User:
    settings.VAR = tmp_path
    return User.objects.create_superuser(demo.USER)


@pytest.mark.django_db
def test_a_link_signs_in_once(client: Client, demo_user: User) -> None:
    link = f"/demo/{demo.new_link_token()}/"
    assert client.head(link).status_code == 405  # a link preview uses nothing up
    assert client.get(link)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(demo_user.pk)
    assert Client().get(link).status_code == 410


@pytest.mark.django_db
def test_a_newer_link_voids_the_one_before(client: Client, demo_user: User) -> None:
    first, second = demo.new_link_token(), demo.new_link_token()
    assert client.get(f"/demo/{first}/").status_code == 410
    assert client.get(f"/demo/{second}/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000, "%00"])
def test_a_guessed_link_signs_nobody_in_and_leaves_the_real_one(client: Client, demo_user: User, token: str) -> None:
    real = demo.new_link_token()
    assert client.get(f"/demo/{token}/").status_code in (404, 410)
    assert "_auth_user_id" not in client.session
    assert client.get(f"/demo/{real}/").status_code == 302


@pytest.mark.django_db
def test_an_old_link_signs_nobody_in(client: Client, demo_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    link = f"/demo/{demo.new_link_token()}/"
    later = time.time() + demo.LINK_LASTS_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(link).status_code == 410


@pytest.mark.django_db
def test_without_a_demo_no_link_signs_in(client: Client, demo_user: User) -> None:
    link = f"/demo/{demo.new_link_token()}/"
    demo.void_link()
    assert client.get(link).status_code == 410


@pytest.mark.django_db
def test_the_links_secret_is_nowhere_on_disk(demo_user: User, tmp_path: Path) -> None:
    token = demo.new_link_token()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) == 1
    assert token not in files[0].read_text()
    assert files[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db(transaction=True)
def test_ready_when_all_parts_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_alive_needs_no_database(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
