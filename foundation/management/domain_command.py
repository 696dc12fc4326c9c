"""Commands that call services of the domain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation.errors import DomainError


class DomainCommand(BaseCommand):
    """A command whose `DomainError` ends it with the error's sentence and exit status 1, without a traceback."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error)) from error
