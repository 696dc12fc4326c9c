"""Fields of forms as a person writes them."""

from typing import Any

from django import forms

from foundation.moments import exact_duration, read_duration

MAX_TEXT = 60  # characters of a duration
LONGEST_S = 366 * 86_400


class DurationField(forms.Field):
    """Whole seconds, written as ``2 h 5 min``."""

    widget = forms.TextInput(attrs={"placeholder": "15 min", "size": 12, "autocomplete": "off"})

    def __init__(self, *, least: int = 0, most: int = LONGEST_S, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def prepare_value(self, value: Any) -> Any:
        """A number of seconds in words; what was typed as it was."""
        return exact_duration(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        """The seconds; None where nothing is given."""
        text = str(value or "").strip()
        if not text:
            return None
        seconds = read_duration(text) if len(text) <= MAX_TEXT else None
        if seconds is None:
            raise forms.ValidationError("Write it as 90 s, 15 min or 2 h 5 min.")
        return round(seconds)

    def validate(self, value: Any) -> None:
        """Refuse what is missing, too short or too long."""
        super().validate(value)
        if value is not None and not self.least <= value <= self.most:
            raise forms.ValidationError(
                f"Expected {exact_duration(self.least)} to {exact_duration(self.most)}, not {exact_duration(value)}."
            )


class LinesField(forms.CharField):
    """Names, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()] or None
