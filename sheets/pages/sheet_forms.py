"""The form of a sheet: it reads what a person wrote, and lets the API's serializer judge it."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.text import slugify

from foundation.pages.requests import as_api
from rules.pages.rule_fields import DurationField
from sheets.models import Sheet
from sheets.pages.sheet_questions import NAMES, OF_SHOW_IF, Row, fields_of, initial_of, keys_of, questions_of
from sheets.prompts.form_page import shown
from sheets.questions.questions import MOST, mistakes
from sheets.setup.serializers import SheetSerializer
from streams.access.logs import logs_of

PLAIN = ("name", "log", "label", "intro", "activity", "slug", "ttl_s", "a_day", "gap_s", "enabled")


class SheetForm(forms.Form):
    """A sheet and its questions. `save` after `is_valid`; `preview` at any time."""

    name = forms.CharField(label="Name", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    log = forms.ChoiceField(label="Log")
    label = forms.CharField(label="Heading", required=False)
    intro = forms.CharField(label="A few words below it", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    ttl_s = DurationField(label="Time to answer")
    a_day = forms.CharField(label="Invitations a day", widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    gap_s = DurationField(label="Pause between two", required=False)
    activity = forms.CharField(label="Activity of the event", required=False)
    slug = forms.CharField(
        label="Name in addresses and rules", required=False, widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    enabled = forms.BooleanField(label="Switched on", required=False)

    def __init__(self, data: QueryDict | None = None, *, sheet: Sheet, request: HttpRequest) -> None:
        self.sheet, self.request = sheet, request
        self.serializer: SheetSerializer  # once it was cleaned
        self.questions: list[dict[str, Any]] = sheet.questions
        self.keys = [str(place) for place in range(len(sheet.questions))] if data is None else keys_of(data)
        super().__init__(data, initial=self._initial(), use_required_attribute=False)
        logs = logs_of(request.user, None, "change").order_by("name").values_list("slug", "name")
        self.fields["log"] = forms.ChoiceField(label="Log", choices=list(logs))
        texts = {key: (data or self.initial).get(f"q{key}_text", "") for key in self.keys}
        offers = [(key, f"{place}. {text[:80]}") for place, (key, text) in enumerate(texts.items(), 1)]
        for key in self.keys:
            self.fields.update(fields_of(key, [(other, words) for other, words in offers if other != key]))

    def _initial(self) -> dict[str, Any]:
        found = {name: getattr(self.sheet, name) for name in PLAIN if name != "log"}
        found["gap_s"] = self.sheet.gap_s or None
        return found | {"log": self.sheet.log.slug if self.sheet.log_id else ""} | initial_of(self.sheet.questions)

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
        """All of it as the API takes it, and what the API would say."""
        given: dict[str, Any] = super().clean() or {}
        self.questions = questions_of(self.keys, given)
        data = {name: given[name] for name in PLAIN if name in given} | {"questions": self.questions}
        data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:100]
        data["gap_s"] = data.get("gap_s") or 0
        known = self.sheet if self.sheet.pk else None
        self.serializer = SheetSerializer(known, data=data, context={"request": as_api(self.request)})
        if not self.serializer.is_valid():
            self._tell(self.serializer.errors)
        return given

    def _tell(self, errors: Any) -> None:
        """Each mistake at its field."""
        for name, words in errors.items():
            if name == "questions" and isinstance(words, dict):
                for place, parts in words.items():
                    self._tell_of(self.keys[int(place)], parts)
            elif name not in self.errors:
                self.add_error(name if name in self.fields else None, [str(one) for one in words])

    def _tell_of(self, key: str, parts: Any) -> None:
        for part, words in parts.items():
            if part != "show_if":
                self.add_error(f"q{key}_{part}", [str(one) for one in words])
                continue
            unsaid = {"is": ["Say which answer, or from which number to which."]}
            for inner, found in (words if isinstance(words, dict) else unsaid).items():
                self.add_error(f"q{key}_{OF_SHOW_IF.get(inner, 'if_answers')}", [str(one) for one in found])

    def save(self) -> Sheet:
        """The sheet, stored; a new version of it where something else is asked."""
        saved: Sheet = self.serializer.save()
        return saved
