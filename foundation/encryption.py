"""Secrets at rest: a text column whose content the database never sees."""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretUnreadableError(ValueError):
    """A stored secret was encrypted with another ``PROCMINE_SECRET_KEY``; it must be entered again."""


def _fernet() -> MultiFernet:
    """Encrypts with the key of now; reads what it or one of the keys before it has encrypted."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"procmine broker secrets:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def encrypt(text: str) -> str:
    """Fernet token (AES-128-CBC with HMAC-SHA256) of a text; the empty text stays empty."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token of `encrypt`; raises SecretUnreadableError where its key is none of ours."""
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


def rotate() -> tuple[int, list[str]]:
    """Encrypt every stored secret anew, with the key of now: how many, and which rows cannot be read.

    A row that is changed meanwhile keeps its new secret.
    """
    from django.apps import apps  # the models are not there yet when this module is imported

    done, unreadable = 0, []
    for model in apps.get_models():
        for field in (field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)):
            rows = model._base_manager.exclude(**{field.attname: ""})  # noqa: SLF001  documented
            for row in rows.iterator():
                before = getattr(row, field.attname)
                try:
                    now = encrypt(decrypt(before))
                except SecretUnreadableError:
                    unreadable.append(f"{model._meta.verbose_name} {row}")
                    continue
                done += rows.filter(pk=row.pk, **{field.attname: before}).update(**{field.attname: now})
    return done, unreadable
