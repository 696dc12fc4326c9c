"""Secrets at rest: a text column whose content the database never sees."""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models


class SecretUnreadableError(ValueError):
    """A stored secret was encrypted with another ``PROCMINE_SECRET_KEY``; it must be entered again."""


def _fernet() -> Fernet:
    digest = hashlib.sha256(b"procmine broker secrets:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def encrypt(text: str) -> str:
    """Fernet token (AES-128-CBC with HMAC-SHA256) of a text; the empty text stays empty."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token of `encrypt`; raises SecretUnreadableError where the key has changed."""
    if not token:
        return ""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        raise SecretUnreadableError(
            "The stored password cannot be read with this PROCMINE_SECRET_KEY: enter it again."
        ) from None


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable when run
    """Encrypted when saved. What is read back is the token: `decrypt` is called where the secret is used only."""

    def get_prep_value(self, value: Any) -> str:
        text = super().get_prep_value(value) or ""
        return text if text.startswith("gAAAA") else encrypt(text)
