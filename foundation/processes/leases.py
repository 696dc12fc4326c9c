"""Who owns a piece of work: a broker's connection, a log's mining.

A lease lasts 15 s (``PROCMINE_LEASE_S``) by the database's clock and is renewed after a third of that. Each change of
owner raises its fence, and every save of an owner carries the fence: an owner that was paused and lost its lease
changes no row any more (Kleppmann, "How to do distributed locking", 2016).
"""

import hashlib
import math
import os
import socket
import time
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Q
from django.db.models.functions import Now

from foundation.models import Lease

HOST = f"{socket.gethostname()}:{uuid.getnode():x}"  # this machine, or this container of it
_LOCK_MS = 500
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL
_FORGOTTEN = timedelta(days=1)  # a process that was away for so long


class LeaseLostError(Exception):
    """Another process owns the work now; it begins where our last commit ended."""


def renew_s() -> float:
    """How long an owner may go without renewing."""
    return settings.LEASE_S / 3


def me() -> str:
    """This process as an owner."""
    return f"{HOST}/{os.getpid()}"


def dead(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine that is gone: its work may be taken up at once."""
    host, _, pid = owner.rpartition("/")
    if host != HOST or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def release_rows_of_paused_owner() -> None:
    """Let PostgreSQL end a transaction of this process that does nothing for as long as a lease lasts.

    Call it before the first query of a process that holds leases. If such a process is paused inside a transaction
    (SIGSTOP, a suspended machine, swapping), it holds row locks: without this, whoever takes its work over waits for
    them until it goes on. It then finds its connection closed, as after a restart of the database.
    """
    connection_created.connect(_limit_idle_transactions)


def _limit_idle_transactions(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {math.ceil(settings.LEASE_S * 1000)}")


def acquire(name: str) -> int | None:
    """The fence of the lease if it is ours now (new, renewed or taken over), else None."""
    try:
        with transaction.atomic():
            _bound_waits()
            until = Now() + timedelta(seconds=settings.LEASE_S)
            lease, made = Lease.objects.get_or_create(name=name, defaults={"owner": me(), "expires_at": until})
            if made:
                return 1
            as_seen = Lease.objects.filter(name=name, owner=lease.owner, fence=lease.fence)
            if lease.owner == me():
                fence = lease.fence
            else:
                fence = lease.fence + 1
                if not dead(lease.owner):
                    too_far = Now() + timedelta(seconds=2 * settings.LEASE_S)  # the clock was set back since
                    as_seen = as_seen.filter(Q(expires_at__lte=Now()) | Q(expires_at__gt=too_far))
                    if not as_seen.exists():
                        return None  # without waiting for a row that its owner may have locked
            return fence if as_seen.update(owner=me(), fence=fence, expires_at=until) else None
    except IntegrityError:
        return None  # another process made it in this moment
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return None  # a transaction of its owner still goes on
        raise


def _bound_waits() -> None:
    """On PostgreSQL, neither wait long for a row nor keep others waiting: a paused process may hold locks for ever.

    Its transaction is ended by the server once it has said nothing for as long as a lease lasts.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_LOCK_MS}")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {int(settings.LEASE_S * 1000)}")


def holds(name: str, fence: int) -> bool:
    """Whether the lease is still ours; call it inside the transaction that saves what it guards."""
    return Lease.objects.filter(name=name, owner=me(), fence=fence).update(fence=fence) == 1


def release(name: str, fence: int) -> None:
    """Let go, so that another process need not wait for the end of the lease."""
    Lease.objects.filter(name=name, owner=me(), fence=fence).update(expires_at=Now())


class Held:
    """One lease in the hands of an owner that comes by often and renews it in time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fence = 0
        self._renew_at = 0.0

    def keep(self) -> bool:
        """Take or renew it where that is due; whether it is ours."""
        if time.monotonic() >= self._renew_at:
            self.fence = acquire(self.name) or 0
            self._renew_at = time.monotonic() + renew_s() if self.fence else 0.0
        return self.fence > 0

    def keeps(self) -> bool:
        """Renew it where that is due; whether it was ours all the time since it was taken."""
        fence = self.fence
        return self.keep() and self.fence == fence

    def check(self) -> None:
        """Raise LeaseLostError unless it is still ours; call it inside the transaction that saves what it guards."""
        if not holds(self.name, self.fence):
            raise LeaseLostError

    def let_go(self) -> None:
        """Let go; `keep` may take it again."""
        if self.fence:
            release(self.name, self.fence)
        self.fence, self._renew_at = 0, 0.0

    def end(self) -> None:
        """Let go of a lease that nobody needs any more until there is work again: its row goes too."""
        self.let_go()
        Lease.objects.filter(name=self.name).delete()


class Member:
    """One of the processes that share the pieces of some work evenly.

    Each shows itself by a lease of its own, so a process that died leaves its part to the others.
    """

    def __init__(self, group: str) -> None:
        self._prefix = f"{group}/"
        digest = hashlib.blake2b(me().encode(), digest_size=8).hexdigest()
        self._held = Held(f"{self._prefix}{digest}")

    def share(self, pieces: int) -> int:
        """How many of so many pieces this process may hold: an even part of them, rounded up."""
        if self._held.fence == 0:
            Lease.objects.filter(name__startswith=self._prefix, expires_at__lt=Now() - _FORGOTTEN).delete()
        self._held.keep()
        now = Lease.objects.filter(name__startswith=self._prefix, expires_at__gt=Now())
        alive = sum(1 for owner in now.values_list("owner", flat=True) if not dead(owner))
        return math.ceil(pieces / max(1, alive))

    def leave(self) -> None:
        """The others may take all."""
        self._held.let_go()
