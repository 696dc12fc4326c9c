"""What every page shows: the running version and where its source is (AGPL, section 13)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def about(request: HttpRequest) -> dict[str, Any]:
    """Template variables ``version`` and ``source_url``."""
    return {"version": settings.VERSION, "source_url": settings.SOURCE_URL or "/source/"}
