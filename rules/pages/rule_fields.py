"""The fields of rules in forms, as a person writes them."""

from typing import Any

from django import forms

from foundation.moments import exact_duration, read_duration
from rules.core.expressions import MAX_LENGTH
from rules.core.specs import YEAR_S

LONGEST = 60  # characters of a duration


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


def _number(kind: type[forms.Field], label: str, hint: str = "", **limits: Any) -> forms.Field:
    return kind(label=label, required=False, help_text=hint, **limits)


OF = [("activity", "an activity"), ("edge", "a step from one activity to another"), ("variant", "a way through it all")]
MEASURES = [("silence", "silence"), ("rate", "events a second"), ("rejections", "the share that is refused")]


def fields_of(kind: str) -> dict[str, forms.Field]:
    """The fields of a spec of this kind, but the steps of a sequence."""
    match kind:
        case "event":
            return {"when": ExpressionField(label="Tell of each event of which this is true")}
        case "timeout":
            return {
                "after": ExpressionField(label="The clock starts with the event of which this is true"),
                "until": ExpressionField(label="and stops with the event of which this is true"),
                "within_s": DurationField(label="Tell when it has run for"),
            }
        case "case":
            return {
                "duration_s": DurationField(label="lasts longer than", required=False),
                "length": _number(forms.IntegerField, "has more events than", min_value=1),
                "repetitions": _number(forms.IntegerField, "does the same more often than", min_value=1),
                "activity": forms.CharField(
                    label="the same being",
                    required=False,
                    max_length=255,
                    help_text="Empty: any activity.",
                    widget=forms.TextInput(attrs={"list": "activities", "autocomplete": "off"}),
                ),
            }
        case "deviation":
            return {
                "activities": LinesField(
                    label="Only at these activities", required=False, help_text="One a line. Empty: at any."
                ),
                "fitness_below": _number(
                    forms.FloatField,
                    "Only where its fitness falls below",
                    "From 0 to 1, as 0.8. Empty: at each deviation.",
                    min_value=0,
                    max_value=1,
                ),
            }
        case "novelty":
            return {
                "of": forms.ChoiceField(label="What was never seen before", choices=OF),
                "warm_up": _number(
                    forms.IntegerField, "after getting to know so many events", "Empty: 1,000.", min_value=0
                ),
            }
        case "log":
            return {
                "measure": forms.ChoiceField(label="Watch", choices=MEASURES),
                "within_s": DurationField(label="for, or over"),
                "above": _number(
                    forms.FloatField, "Tell above", "Events a second; of refusals the share, as 0.05.", min_value=0
                ),
                "below": _number(forms.FloatField, "Tell below", "Events a second.", min_value=0),
            }
    return {}
