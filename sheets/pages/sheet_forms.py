"""The form of a sheet: the model's own rules check it, as they do for the API."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from foundation.access import User
from foundation.pages.form_fields import DurationField
from sheets.models import Sheet
from sheets.pages.sheet_questions import NAMES, OF_SHOW_IF, Row, fields_of, initial_of, keys_of, questions_of
from sheets.prompts.form_page import shown
from sheets.questions.questions import MOST, mistakes
from streams.access.logs import logs_of
from streams.models import EventLog


class SheetForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """A sheet and its questions; `preview` at any time."""

    use_required_attribute = False
    ttl_s = DurationField(label="Time to answer")
    gap_s = DurationField(label="Pause between two", required=False)
    log = forms.ModelChoiceField(EventLog.objects.all(), label="Log", to_field_name="slug", empty_label=None)
    slug = forms.SlugField(
        label="Name in addresses and rules",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )

    class Meta:
        model = Sheet
        fields = ["name", "log", "label", "intro", "activity", "slug", "ttl_s", "a_day", "gap_s", "enabled"]
        labels = {
            "label": "Heading",
            "intro": "A few words below it",
            "a_day": "Invitations a day",
            "activity": "Activity of the event",
            "enabled": "Switched on",
        }
        help_texts = dict.fromkeys(fields, "")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "intro": forms.Textarea(attrs={"rows": 2}),
            "a_day": forms.TextInput(attrs={"inputmode": "numeric"}),
        }

    def __init__(self, data: QueryDict | None = None, *, sheet: Sheet, user: User) -> None:
        self.questions: list[dict[str, Any]] = sheet.questions
        self.keys = [str(place) for place in range(len(sheet.questions))] if data is None else keys_of(data)
        initial = {"log": sheet.log, "gap_s": sheet.gap_s or None} | initial_of(sheet.questions)
        super().__init__(data, instance=sheet, initial=initial)
        log: Any = self.fields["log"]
        log.queryset = logs_of(user, None, "change").order_by("name")
        texts = {key: (data or self.initial).get(f"q{key}_text", "") for key in self.keys}
        offers = [(key, f"{place}. {text[:80]}") for place, (key, text) in enumerate(texts.items(), 1)]
        for key in self.keys:
            self.fields.update(fields_of(key, [(other, words) for other, words in offers if other != key]))

    @property
    def rows(self) -> list[Row]:
        """The questions, in their order."""
        return [
            Row(key, place, {name: self[f"q{key}_{name}"] for name in NAMES}) for place, key in enumerate(self.keys)
        ]

    @property
    def more(self) -> bool:
        """Whether there may be another question."""
        return len(self.keys) < MOST

    @property
    def preview(self) -> list[dict[str, Any]]:
        """The questions that can be asked as they are, as `sheets.prompts.form_page` shows them."""
        wrong = {mistake.path[0] for mistake in mistakes(self.questions) if mistake.path}
        return shown([one for place, one in enumerate(self.questions) if place not in wrong], {}, {}, {})

    @property
    def left_out(self) -> int:
        """How many questions the preview cannot show yet."""
        return len(self.questions) - len(self.preview)

    def clean(self) -> dict[str, Any]:
        """Put the questions together; the model's own rules check them with the other fields."""
        given: dict[str, Any] = super().clean() or {}
        self.questions = self.instance.questions = questions_of(self.keys, given)
        given["slug"] = given.get("slug") or slugify(given.get("name", ""))[:100]
        given["gap_s"] = given.get("gap_s") or 0
        return given

    def add_error(self, field: str | None, error: Any) -> None:
        """Put each mistake in the questions at the field of its row."""
        for one in getattr(error, "error_dict", {}).pop("questions", ()):
            self.add_error(*self._in_row(one.path, one.detail))
        super().add_error(field, error)

    def _in_row(self, path: Sequence[Any], words: str) -> tuple[str | None, str]:
        if not path:
            return None, words
        place, part, *inner = path
        if part == "show_if":
            part = OF_SHOW_IF.get(inner[0] if inner else "", "if_answers")
            words = words if inner else "Say which answer, or from which number to which."
        return f"q{self.keys[place]}_{part}", words
