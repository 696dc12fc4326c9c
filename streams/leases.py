"""Who owns a piece of work: a broker's connection, a log's mining.

A lease lasts 15 s by the database's clock and is renewed every 5 s. Each change of owner raises its fence, and every
save of an owner carries the fence: an owner that was paused and lost its lease changes no row any more (Kleppmann,
"How to do distributed locking", 2016).
"""

import os
import socket
import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from streams.models import Lease

LASTS_S = 15
RENEW_S = 5
_HOST = f"{socket.gethostname()}:{uuid.getnode():x}"


def _me() -> str:
    return f"{_HOST}/{os.getpid()}"


def _dead(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine that is gone: its work may be taken up at once."""
    host, _, pid = owner.rpartition("/")
    if host != _HOST or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def acquire(name: str) -> int | None:
    """The fence of the lease if it is ours now (new, renewed or taken over), else None."""
    try:
        with transaction.atomic():
            lease, made = Lease.objects.select_for_update().get_or_create(
                name=name, defaults={"owner": _me(), "expires_at": Now() + timedelta(seconds=LASTS_S)}
            )
            if made:
                return 1
            mine = lease.owner == _me()
            expired = Lease.objects.filter(name=name, expires_at__lt=Now()).exists()
            if not (mine or expired or _dead(lease.owner)):
                return None
            fence = lease.fence if mine else lease.fence + 1
            Lease.objects.filter(name=name).update(
                owner=_me(), fence=fence, expires_at=Now() + timedelta(seconds=LASTS_S)
            )
            return fence
    except IntegrityError:
        return None  # another process made it in this moment


def holds(name: str, fence: int) -> bool:
    """Whether the lease is still ours; call it inside the transaction that saves what it guards."""
    return Lease.objects.filter(name=name, owner=_me(), fence=fence).update(fence=fence) == 1


def release(name: str, fence: int) -> None:
    """Let go, so that another process need not wait for the end of the lease."""
    Lease.objects.filter(name=name, owner=_me(), fence=fence).update(expires_at=Now())
