"""The form of a notifier, for the admin and the pages."""

from typing import Any

from django import forms

from foundation.encryption import encrypt
from rules.models import Notifier


class NotifierForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """Address and secret are taken and never given."""

    url = forms.CharField(
        label="Address",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="https://…, or mailto:a@example.org,b@example.org. Never shown; empty keeps the stored one.",
    )
    secret = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text="Signs what a webhook is sent. Never shown; empty keeps the stored one.",
    )

    class Meta:
        model = Notifier
        fields = ["name", "kind", "url", "secret", "enabled"]
        widgets = {  # browsers take it for a user's name else
            "name": forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"})
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("url", "secret"):
            given[name] = encrypt(given[name]) if given.get(name) else getattr(self.instance, name)
        return given
