"""`manage.py ingest` with a bug planted, to show that the checker sees it: `python -m tests.faults.planted BUG`.

Each bug dawdles where it is wrong, so that a kill meets it. ``none`` dawdles at the same places and is right.
"""

import os
import sys
import time
from typing import Any

DAWDLE_S = 0.05


def plant(bug: str) -> None:
    """Change the recorder of this process."""
    from streams.brokers.mqtt.deliveries import Deliveries
    from streams.brokers.mqtt.source import Source

    receive, acknowledge = Source.receive, Source.acknowledge

    def taken(self: Source, limit: int, timeout_s: float) -> Any:
        messages = receive(self, limit, timeout_s)
        if messages and bug == "acknowledge-before-commit":
            acknowledge(self, messages)
        time.sleep(DAWDLE_S if messages else 0)
        return messages

    def told(self: Source, messages: Any) -> None:
        time.sleep(DAWDLE_S)
        if bug != "acknowledge-before-commit":
            acknowledge(self, messages)

    Source.receive = taken  # type: ignore[method-assign]
    Source.acknowledge = told  # type: ignore[method-assign,assignment]
    if bug == "no-deduplication":
        Deliveries.is_redelivery = lambda self, message: False  # type: ignore[method-assign]


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "procmine.settings"
    import django
    from django.core.management import call_command

    django.setup()
    plant(sys.argv[1])
    call_command("ingest")


if __name__ == "__main__":
    main()
