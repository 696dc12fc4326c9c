"""Writing a notification down, for the outbox to send."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from rules.models import Notification, Notifier, RuleMatch
from streams.models import EventLog


def tell(
    notifier: Notifier,
    log: EventLog,
    text: str,
    *,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    match: RuleMatch | None = None,
) -> None:
    """Write one notification down, in the caller's transaction: its text, and what makes a CloudEvent of it."""
    now = timezone.now()
    row = Notification(notifier=notifier, log=log, match=match, text=text.replace("\0", ""), created_at=now)
    row.event = {
        "specversion": "1.0",
        "id": str(row.key),
        "source": f"{settings.PUBLIC_URL}/logs/{log.slug}/",
        "type": kind,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": {**data, "text": row.text},
    } | ({"subject": subject} if subject else {})
    row.save()
