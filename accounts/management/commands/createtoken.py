"""Make an API token."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from accounts.tokens import DAYS, create_token
from foundation.access import SCOPES
from foundation.management.domain_command import DomainCommand
from streams.models import EventLog


class Command(DomainCommand):
    help = "Make an API token and print it. It is shown this once: only a hash is kept."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="whose token it is: it may do no more than this user")
        parser.add_argument(
            "--scope", action="append", choices=SCOPES, help="what it is for (several times; default: read)"
        )
        parser.add_argument(
            "--log", action="append", default=[], metavar="SLUG", help="the only logs it opens (several times)"
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"until it expires (default: {DAYS})")

    def handle(self, *, user: str, scope: list[str] | None, log: list[str], days: int, **options: Any) -> None:
        owner = User.objects.filter(username=user).first()
        if owner is None:
            raise CommandError(f"There is no user {user}.")
        logs = list(EventLog.objects.filter(slug__in=log))
        if unknown := set(log) - {found.slug for found in logs}:
            raise CommandError(f"There is no log {', '.join(sorted(unknown))}.")
        token, text = create_token(owner, scope or ["read"], logs, days)
        self.stderr.write(f"Expires {token.expiry:%Y-%m-%d}; {', '.join(token.scopes)}; not shown again:")
        self.stdout.write(text)
