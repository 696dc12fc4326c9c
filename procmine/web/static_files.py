"""Scripts, styles and pictures, each version of them under an address of its own: ``/static/<version>/…``.

So browsers may keep them for good, a module finds what it imports by relative paths in the same version, and a page
that was opened before an upgrade goes on with what it began with. They are gathered, and compressed, once for each
version (`gather`), and sent before Django sees the request: a first visit asks for some sixty files.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.base import WhiteNoise
from whitenoise.compress import Compressor

from procmine.web.headers import HEADERS

KEPT = 3  # versions: pages that were opened before an upgrade, or a web process not yet restarted, still ask for theirs
IGNORED = ["*.map"]  # for those who debug the libraries of others: twice the size of all the rest

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class VersionedStorage(StaticFilesStorage):
    """Tells ``{% static %}`` where the files of the running version are."""

    def url(self, name: str | None) -> str:
        return super().url(f"{version()}/{name}")


@cache
def version() -> str:
    """A hash of all files, their names included: the same on every machine that runs the same procmine."""
    digest = hashlib.sha256()
    for name, path in sorted(_files()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()[:12]


def _files() -> Iterator[tuple[str, Path]]:
    for finder in get_finders():
        for name, storage in finder.list(IGNORED):
            yield name, Path(storage.path(name))


def gather() -> None:
    """Put the running version into ``STATIC_ROOT``, compressed too, unless it is there; forget old ones."""
    root = Path(settings.STATIC_ROOT)
    folder = root / version()
    if folder.is_dir():
        folder.touch()
        return
    root.mkdir(parents=True, exist_ok=True)
    compressor = Compressor(use_brotli=False, quiet=True)
    made = Path(tempfile.mkdtemp(prefix=".", dir=root))
    for name, path in _files():
        target = made / name
        if target.exists():
            continue  # the first finder wins, as everywhere in Django
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if compressor.should_compress(name):
            compressor.compress(str(target))
    made.chmod(0o755)
    try:
        made.rename(folder)  # at once: another web process sees all of it or nothing
    except OSError:
        shutil.rmtree(made)  # it was faster
        return
    for old in sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


class StaticFiles:
    """An ASGI application that sends what was gathered and leaves every other request to ``app``.

    What to send, in which encoding, and whether the browser has it already is WhiteNoise's to say; that has no ASGI
    application of its own, and as middleware it costs five times as much: a thread for each file.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.noise = WhiteNoise(
            None, allow_all_origins=False, add_headers_function=_add_headers, immutable_file_test=lambda *_: True
        )
        for folder in Path(settings.STATIC_ROOT).glob("[!.]*"):
            self.noise.add_files(str(folder), f"{settings.STATIC_URL}{folder.name}")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        file = self.noise.files.get(scope["path"])
        if file is None:
            await self.app(scope, receive, send)
            return
        asked = {f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value for name, value in scope["headers"]}
        told = {name: value.decode("latin-1") for name, value in asked.items()}
        response = file.get_response(scope["method"], told)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        body = b""
        if response.file:
            with response.file:
                body = response.file.read()  # some kB that the system has in memory
        await send({"type": "http.response.body", "body": body})


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers["X-Content-Type-Options"] = "nosniff"
