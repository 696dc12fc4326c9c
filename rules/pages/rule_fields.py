"""The fields of rules in forms, as a person writes them."""

from typing import Any

from django import forms
from msgspec.inspect import BoolType, FloatType, IntType, ListType, LiteralType, StrType

from foundation.pages.form_fields import DurationField, LinesField
from rules.core.expressions import MAX_LENGTH
from rules.core.spec_fields import CEL, SpecField, fields_of
from rules.core.specs import KINDS, YEAR_S

OF_ACTIVITIES = {"list": "activities", "autocomplete": "off"}


class ExpressionField(forms.CharField):
    """A condition in CEL; the check of the rule names its mistakes with their place."""

    widget = forms.Textarea(
        attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off", "placeholder": "event.activity == 'Pack'"}
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_LENGTH, strip=False, **options)

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").replace("\r\n", "\n").strip()


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
            return forms.BooleanField(**options | {"required": False})
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
