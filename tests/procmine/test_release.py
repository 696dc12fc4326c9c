"""The tools of maintainers, run as the Makefile does: locked requirements renewed, the release, the bundle."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.procmine.conftest import ROOT
from tests.procmine.test_locked import FOLDER, entries
from tests.tools.programs import find

pytestmark = pytest.mark.long
Audit = Callable[..., "subprocess.CompletedProcess[str]"]


def make(*arguments: str, cwd: Path = ROOT) -> None:
    command = [find("make"), f"PYTHON={sys.executable}", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def without_an_index(tmp_path: Path) -> dict[str, str]:
    """An environment in which pip has no setting but this: an index that does not exist."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHON": sys.executable,
        "PIP_INDEX_URL": "https://index.invalid/",
        "PROCMINE_VAR": str(tmp_path / "var"),
    }


def test_renewing_the_locked_requirements_changes_nothing(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("tools", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    make(".venv-tools/made")
    (tmp_path / ".venv-tools").symlink_to(ROOT / ".venv-tools")
    make("lock", "--old-file=.venv-tools/made", cwd=tmp_path)
    for file in FOLDER.iterdir():
        assert (tmp_path / "requirements" / file.name).read_text() == file.read_text(), file.name


class Osv(BaseHTTPRequestHandler):
    """A database of vulnerabilities with the interface of osv.dev, which knows of one."""

    vulnerable = "urllib3"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package = asked["package"] | {"ecosystem": "PyPI"}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}]
        found = {"id": "PYSEC-1-1", "aliases": ["CVE-1-1"], "affected": [{"package": package, "ranges": ranges}]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"vulns": [found]} if package["name"] == self.vulnerable else {}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def audit() -> Iterator[Audit]:
    """Run `make audit` with a local database of vulnerabilities."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        make(".venv-tools/made")

        def run(port: int = server.server_port) -> "subprocess.CompletedProcess[str]":
            url = f"http://127.0.0.1:{port}/v1/query"
            env = os.environ | {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": url}
            command = [ROOT / ".venv-tools" / "bin" / "python", "-m", "tools.audit"]
            return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

        yield run
        server.shutdown()


def test_an_audit_reports_a_known_vulnerability(audit: Audit) -> None:
    done = audit()
    assert done.returncode == 1, done.stderr
    [first, last] = done.stdout.splitlines()
    assert re.fullmatch(r"urllib3 \S+: PYSEC-1-1, CVE-1-1, fixed in 99.0", first)
    assert re.fullmatch(r"1\d\d packages checked, 1 with known vulnerabilities.", last)


def test_an_audit_without_findings_passes(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Osv, "vulnerable", "none")
    assert audit().returncode == 0


def test_an_audit_that_reaches_no_service_fails_and_says_so(audit: Audit) -> None:
    done = audit(port=9)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No package could be checked" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_release_has_checksums_and_a_bill_of_materials(tmp_path: Path) -> None:
    make("release", f"DIST={tmp_path}")
    sums = dict(reversed(line.split("  ")) for line in (tmp_path / "SHA256SUMS").read_text().splitlines())
    assert {*sums, "SHA256SUMS"} == {file.name for file in tmp_path.iterdir()}
    assert len(sums) == 3
    for name, digest in sums.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    [wheel] = tmp_path.glob("procmine-*-py3-none-any.whl")
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as packed:  # /source/ of an installed procmine
        assert packed.read("procmine/packaged/source.tar.gz") == (tmp_path / f"procmine-{version}.tar.gz").read_bytes()
    bill = json.loads((tmp_path / f"procmine-{version}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", version)
    listed = sorted((part["name"], part["version"]) for part in bill["components"])
    assert listed == sorted((requirement.name, str(requirement.specifier)[2:]) for requirement, _ in entries("image"))


def test_a_bundle_installs_without_an_index(tmp_path: Path, without_an_index: dict[str, str]) -> None:
    make("bundle", f"DIST={tmp_path}")
    [packed] = tmp_path.glob("procmine-*-bundle-*.tar")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = packed.with_suffix("")
    installed = tmp_path / "installed"

    def install(target: Path) -> "subprocess.CompletedProcess[str]":
        command = ["sh", folder / "install.sh", target]
        return subprocess.run(command, env=without_an_index, capture_output=True, text=True, check=False)

    done = install(installed)
    assert done.returncode == 0, done.stderr
    for arguments in (["--version"], ["migrate"], ["check"]):
        command = [installed / "bin" / "procmine", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=without_an_index, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "procmine.sqlite3").exists()

    with next((folder / "wheels").glob("asgiref-*")).open("ab") as wheel:
        wheel.write(b"changed")
    done = install(tmp_path / "other")
    assert done.returncode != 0
    assert "HASHES" in done.stderr.upper()
