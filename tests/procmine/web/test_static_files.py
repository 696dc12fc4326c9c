"""How scripts and styles are sent: small, and kept by browsers for good; after an upgrade open pages keep theirs."""

import asyncio
import gzip
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from channels.testing import HttpCommunicator
from django.templatetags.static import static

from procmine.web import static_files
from procmine.web.static_files import StaticFiles, gather, version
from tests.installation import ROOT


async def elsewhere(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


def get(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what is sent."""
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    answer = asyncio.run(HttpCommunicator(StaticFiles(elsewhere), method, path, headers=given).get_response())
    return answer["status"], {name.decode(): value.decode() for name, value in answer["headers"]}, answer["body"]


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path / "static"
    gather()
    return tmp_path / "static"


def test_a_file_is_sent_compressed_and_kept_for_good(root: Path) -> None:
    path = static("page/page.js")
    assert path == f"/static/{version()}/page/page.js"
    status, headers, body = get(path, accept_encoding="gzip, br")
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"] == 'text/javascript; charset="utf-8"'
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert gzip.decompress(body) == (ROOT / "static/page/page.js").read_bytes()

    assert get(path, if_none_match=headers["etag"])[::2] == (304, b"")
    status, plain, body = get(path)
    assert "content-encoding" not in plain
    assert body == (ROOT / "static/page/page.js").read_bytes()
    assert get(path, "HEAD")[::2] == (200, b"")
    assert get(path, "POST")[0] == 405
    assert len(list(root.iterdir())) == 1


@pytest.mark.parametrize("path", ["page/page.js", "{}/../../settings.py", "{}/live", "{}/live/%2e%2e/x", "{}/x.js", ""])
def test_what_is_no_file_of_a_version_is_the_applications_to_answer(root: Path, path: str) -> None:
    assert get(f"/static/{path.format(version())}")[2] == b"the application"


def test_a_page_that_was_opened_before_an_upgrade_goes_on_with_its_files(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = static("time/time.js")
    for number in range(static_files.KEPT - 1):
        monkeypatch.setattr(static_files, "version", lambda number=number: f"later{number}")
        gather()
        assert get(first)[0] == 200
    monkeypatch.setattr(static_files, "version", lambda: "last")
    gather()
    assert get(first)[0] == 404
    assert get(static("time/time.js"))[0] == 200
    assert sorted(path.name for path in root.iterdir()) == ["last", "later0", "later1"]


def test_the_version_changes_with_any_file(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [shutil.copytree(ROOT / "static", tmp_path / "static")]
    before = version.__wrapped__()
    assert re.fullmatch("[0-9a-f]{12}", before)
    (tmp_path / "static/page/page.js").write_text("// another")
    assert version.__wrapped__() != before
