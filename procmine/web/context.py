"""What every page shows: the running version, where its source is (AGPL, section 13), and our clock."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


def about(request: HttpRequest) -> dict[str, Any]:
    """Template variables ``version``, ``command``, ``source_url`` and ``now`` (milliseconds since 1970)."""
    now = int(timezone.now().timestamp() * 1000)
    return {
        "version": settings.VERSION,
        "command": settings.COMMAND,
        "source_url": settings.SOURCE_URL or "/source/",
        "now": now,
    }
