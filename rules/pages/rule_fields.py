"""The fields of rules in forms, as a person writes them."""

from typing import Any

from django import forms
from msgspec.inspect import BoolType, FloatType, IntType, ListType, LiteralType, StrType

from foundation.moments import exact_duration, read_duration
from rules.core.expressions import MAX_LENGTH
from rules.core.spec_fields import CEL, SpecField, fields_of
from rules.core.specs import KINDS, YEAR_S

LONGEST = 60  # characters of a duration
OF_ACTIVITIES = {"list": "activities", "autocomplete": "off"}


class DurationField(forms.Field):
    """Whole seconds, written as ``2 h 5 min``."""

    widget = forms.TextInput(attrs={"placeholder": "15 min", "size": 12, "autocomplete": "off"})

    def __init__(self, *, least: int = 0, most: int = YEAR_S, **options: Any) -> None:
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
        seconds = read_duration(text) if len(text) <= LONGEST else None
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


class ExpressionField(forms.CharField):
    """A condition in CEL; what is wrong with it the rule's kind says, with the place."""

    widget = forms.Textarea(
        attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off", "placeholder": "event.activity == 'Pack'"}
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_LENGTH, strip=False, **options)

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").replace("\r\n", "\n").strip()


class LinesField(forms.CharField):
    """Names, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()] or None


def form_field(field: SpecField, *, required: bool) -> forms.Field | None:
    """Return the field of a form for a field of a spec; None for the steps of a sequence, which have rows of fields."""
    options: dict[str, Any] = {"label": field.label, "help_text": field.hint, "required": required}
    match field.type:
        case StrType() if field.language == CEL:
            return ExpressionField(**options)
        case StrType(max_length=most):
            return forms.CharField(max_length=most, widget=forms.TextInput(attrs=OF_ACTIVITIES), **options)
        case IntType(ge=least, le=most) if field.unit == "s":
            return DurationField(least=least or 0, most=most or YEAR_S, **options)
        case IntType(ge=least, le=most):
            return forms.IntegerField(min_value=least, max_value=most, **options)
        case FloatType(ge=least, le=most):
            return forms.FloatField(min_value=least, max_value=most, **options)
        case BoolType():
            return forms.BooleanField(**options)
        case LiteralType(values=values):
            words = field.words or {}
            return forms.ChoiceField(choices=[(value, words.get(str(value), value)) for value in values], **options)
        case ListType(item_type=StrType()):
            return LinesField(**options)
    return None


def fields_of_kind(kind: str) -> dict[str, forms.Field]:
    """Return the fields of a spec of this kind, but the steps of a sequence."""
    made = {field.name: form_field(field, required=field.required) for field in fields_of(KINDS[kind])}
    return {name: field for name, field in made.items() if field is not None}
