"""Secrets at rest, and a change of the key they are kept under."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from foundation.encryption import SecretUnreadableError, decrypt, encrypt
from streams.models import Broker


def test_the_key_can_be_changed_without_entering_a_password_again(settings: Any, mqtt: Broker, capsys: Any) -> None:
    before = settings.SECRET_KEY
    Broker.objects.filter(pk=mqtt.pk).update(password=encrypt("s3cret"))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "of now", [before]
    mqtt.refresh_from_db()
    assert mqtt.secret == "s3cret"  # read by the key of before
    call_command("rotate_secrets")
    assert "1 secret encrypted" in capsys.readouterr().out
    settings.SECRET_KEY_FALLBACKS = []
    mqtt.refresh_from_db()
    assert mqtt.secret == "s3cret"
    settings.SECRET_KEY = before
    with pytest.raises(SecretUnreadableError):
        decrypt(mqtt.password)


def test_what_no_key_reads_is_told_and_left(settings: Any, mqtt: Broker) -> None:
    Broker.objects.filter(pk=mqtt.pk).update(password=(lost := encrypt("s3cret")))
    settings.SECRET_KEY = "another"
    with pytest.raises(CommandError, match="plant"):
        call_command("rotate_secrets")
    mqtt.refresh_from_db()
    assert mqtt.password == lost
