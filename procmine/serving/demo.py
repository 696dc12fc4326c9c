"""What `manage.py serve --demo` adds: a user, a link that signs in once, a stream of a simulated factory."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from foundation.processes import hints
from procmine.env import kept_secret
from procmine.serving.embedded_broker import NAME, EmbeddedBroker
from streams.models import Broker, EventLog, Stream

USER = "demo"
LOG = "factory"
FACTORY = settings.BASE_DIR / "simulator" / "examples" / "factory"
END_ACTIVITIES = ["Ship", "Scrap"]
LINK_LASTS_S = 30 * 60


def password_file() -> Path:
    """Where the demo user's first password is kept."""
    return Path(settings.VAR / "demo" / "password")


def _link_file() -> Path:
    return Path(settings.VAR / "demo" / "link")


def prepare() -> list[str]:
    """Make what the demo needs and is not there yet; remarks for the console. What people changed stays changed."""
    user, made = get_user_model().objects.get_or_create(
        username=USER, defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        password_file().unlink(missing_ok=True)
        user.set_password(kept_secret(password_file(), secrets.token_urlsafe(12)))
        user.save(update_fields=["password"])
    EventLog.objects.get_or_create(name=LOG, defaults={"slug": LOG, "end_activities": END_ACTIVITIES})
    if Stream.objects.filter(slug="factory").exists():
        return []
    stream = Stream(
        slug="factory",
        name="Simulated factory",
        broker=Broker.objects.get(name=NAME),
        topic="procmine",
        options={"escapes": "percent"},
    )
    try:
        stream.full_clean()
    except ValidationError as error:
        return [f"no stream for the factory was added: {'; '.join(error.messages)}"]
    stream.save()
    hints.send(hints.SETUP)
    return []


def simulator_command(broker: EmbeddedBroker) -> Sequence[str]:
    """Module and arguments of a run of the factory; its cases are told from those of other runs by their prefix."""
    prefix = f"{int(time.time()):x}-"
    return ["procmine", "simulate", str(FACTORY), "--broker", broker.url, "--case-prefix", prefix]


def new_link_token() -> str:
    """The secret of a fresh sign-in link: valid once and for `LINK_LASTS_S`; links made before are void."""
    token = secrets.token_urlsafe(32)
    file = _link_file()
    file.unlink(missing_ok=True)
    kept_secret(file, f"{_hash(token)} {time.time() + LINK_LASTS_S:.0f}")
    return token


def void_link() -> None:
    """From here on no link signs in."""
    _link_file().unlink(missing_ok=True)


def redeem(token: str) -> User | None:
    """The demo user for the newest link's token, once; None for any other."""
    file = _link_file()
    try:
        kept, until = file.read_text().split()
        if not hmac.compare_digest(kept, _hash(token)) or time.time() > float(until):
            return None
        file.unlink()  # of several requests at once only one gets past here
    except (FileNotFoundError, ValueError):
        return None
    users: Any = get_user_model().objects
    found: User | None = users.filter(username=USER, is_active=True).first()
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
