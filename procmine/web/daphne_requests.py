"""Daphne's requests, with a bound on bodies while they come.

Daphne takes a body of any size before it calls an application, on disk at first and then in memory: whoever finds the
port could fill both without signing in. Here what is beyond the limit is read and dropped, and answered 413.

It also lets any client say what path the application is mounted at (``Daphne-Root-Path``), and fails where that is not
ASCII; the header is taken away.
"""

import json
from typing import Any

from daphne import http_protocol
from django.conf import settings

from foundation.http.request_ids import CONTENT_TYPE, problem

MAX_BODY = 16 * 1024 * 1024  # of any request but an uploaded log; most routes take less
_LOG_FILE = b"/import/"


class BoundedRequest(http_protocol.WebRequest):  # type: ignore[misc]  # daphne has no types
    _limit = MAX_BODY
    _taken = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802  twisted's names
        super().gotLength(length)
        path = self.channel._path.partition(b"?")[0]  # noqa: SLF001  its own comes only with the whole body
        if path.rstrip(b"/").endswith(_LOG_FILE.rstrip(b"/")):
            self._limit = settings.MAX_UPLOAD_MB * 2**20 + MAX_BODY  # the parts around the file

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._taken += len(data)
        if self._taken <= self._limit:
            super().handleContentChunk(data)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        if self._taken <= self._limit:
            return super().process()
        body = json.dumps(problem(413, f"A body has at most {self._limit >> 20} MiB here.")).encode()
        headers = [(b"Content-Type", CONTENT_TYPE.encode()), (b"Content-Length", b"%d" % len(body))]
        self.handle_reply({"type": "http.response.start", "status": 413, "headers": headers})
        return self.handle_reply({"type": "http.response.body", "body": body})


def install() -> None:
    """From now on daphne's connections use it."""
    http_protocol.WebRequest = BoundedRequest
