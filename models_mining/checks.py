"""System checks (``manage.py check``)."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004  Django's name


@register()
def check_installed_algorithms(**_: Any) -> list[CheckMessage]:
    """Warn of algorithms of other packages that cannot be loaded."""
    from models_mining.core.discovery import installed  # loads every algorithm: not at each start

    return [
        Warning(f"The algorithms of {name} cannot be loaded: {reason}", id="models_mining.W001")
        for name, reason in installed.FAILED.items()
    ]
