"""Which cases of a log its models stand for, as it is set up: all of them, or those with the newest activity."""

from typing import Any

from django.core.exceptions import ValidationError

MOST = {"cases": 10_000_000, "last_s": 10 * 366 * 86_400}
MEANINGS = {"cases": "a number of cases", "last_s": "seconds"}


def check_memory(memory: Any) -> None:
    """Raise ValidationError unless ``memory`` is {}, {"cases": N} or {"last_s": T}."""
    if not isinstance(memory, dict) or len(memory) > 1:
        raise ValidationError({"memory": 'Expected {} for all cases, {"cases": 1000} or {"last_s": 86400}.'})
    for name, value in memory.items():
        if name not in MOST:
            raise ValidationError({"memory": f"Unknown policy {name}; known: {', '.join(MOST)}."})
        if type(value) is not int or not 1 <= value <= MOST[name]:
            raise ValidationError(
                {"memory": f"{name}: expected {MEANINGS[name]}, a whole number from 1 to {MOST[name]}."}
            )
