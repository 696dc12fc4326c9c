"""``manage.py rotate_secrets``: after a change of PROCMINE_SECRET_KEY."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation.encryption import rotate


class Command(BaseCommand):
    help = (
        "Encrypt the stored passwords anew with PROCMINE_SECRET_KEY, reading them with PROCMINE_SECRET_KEY_FALLBACKS. "
        "Exit code 1 where one cannot be read."
    )
    requires_system_checks = ()  # they load the whole web

    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = rotate()
        self.stdout.write(f"{done} secret{'' if done == 1 else 's'} encrypted with the key of now.")
        if unreadable:
            raise CommandError(
                f"Not readable with any key: {', '.join(unreadable)}. Enter these passwords again, or add the key they "
                "were encrypted with to PROCMINE_SECRET_KEY_FALLBACKS."
            )
