"""The form of a rule: the fields of its kind, what follows from a match, each mistake at its field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from foundation.access import User
from foundation.pages.form_fields import DurationField
from foundation.placed_error import PlacedError
from rules.core import specs
from rules.core.spec_fields import fields_of
from rules.matches import actions
from rules.matches.actions import check_rule
from rules.models import Rule
from rules.pages.rule_fields import ExpressionField, fields_of_kind, form_field

MORE_STEPS, MORE_ACTIONS = "more-steps", "more-actions"  # what a button asks for
STEP = [field.name for field in fields_of(specs.Step)]


@dataclass(frozen=True)
class Row:
    """Fields that belong together: of a step, of an action."""

    number: int
    fields: Mapping[str, forms.BoundField]

    def __getitem__(self, name: str) -> forms.BoundField:
        return self.fields[name]

    @property
    def conditions(self) -> list[forms.BoundField]:
        """The expressions."""
        return [field for field in self.fields.values() if isinstance(field.field, ExpressionField)]

    @property
    def others(self) -> list[forms.BoundField]:
        """The other fields."""
        return [field for field in self.fields.values() if not isinstance(field.field, ExpressionField)]


class RuleForm(forms.Form):
    """A rule of one kind and log. After `is_valid` `rule` is as the form says; `tryable` where its kind can be read."""

    name = forms.CharField(max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    severity = forms.ChoiceField(choices=[(value, value.capitalize()) for value in Rule.Severity.values])
    cooldown_s = DurationField(
        label="Then leave the same case alone for", required=False, help_text="Empty: tell each time."
    )
    enabled = forms.BooleanField(label="Switched on", required=False)

    def __init__(self, data: QueryDict | None = None, *, rule: Rule, user: User) -> None:
        self.rule, self.user = rule, user
        self.tryable = False
        self.places: dict[str, tuple[int, int]] = {}  # field → line and column of what is wrong in it
        super().__init__(data, initial=self._initial(), use_required_attribute=False)
        self.spec_fields = fields_of_kind(rule.kind)
        self.fields.update(self.spec_fields)
        more = data.get("do", "") if data else ""
        self._step_rows = self._count("step", len(self._steps()), 2, specs.MAX_STEPS, more=more == MORE_STEPS)
        if rule.kind != Rule.Kind.SEQUENCE:
            self._step_rows = 0
        for number in range(self._step_rows):
            for field in fields_of(specs.Step):
                if (made := form_field(field, required=False)) is not None:
                    self.fields[f"step{number}_{field.name}"] = made
        self._action_rows = self._count("then", len(rule.then), 1, actions.MAX_ACTIONS, more=more == MORE_ACTIONS)
        for number in range(self._action_rows):
            self._add_action(number)

    def _count(self, prefix: str, known: int, least: int, most: int, *, more: bool) -> int:
        """How many rows there are: as many as were sent, one more if asked for."""
        if self.is_bound:
            known = sum(
                f"{prefix}{number}_{'when' if prefix == 'step' else 'what'}" in self.data for number in range(most)
            )
        return min(most, max(least, known + more))

    def _add_action(self, number: int) -> None:
        offered = {kind: made.choices(self.rule.log, self.user) for kind, made in sorted(actions.ACTIONS.items())}
        groups: list[Any] = [("", "nothing more")]
        groups += [
            (actions.ACTIONS[kind].heading, [(f"{kind}:{value}", label) for value, label in some])
            for kind, some in offered.items()
            if some
        ]
        known = {f"{kind}:{value}" for kind, some in offered.items() for value, _ in some}
        kept = self.initial.get(f"then{number}_what", "")  # what was removed since is not lost unseen
        if kept and kept not in known:
            groups.append((kept, f"{kept.partition(':')[2]} (no longer there)"))
        self.fields[f"then{number}_what"] = forms.ChoiceField(label="Then", required=False, choices=groups)
        self.fields[f"then{number}_text"] = forms.CharField(
            label="with the text",
            required=False,
            max_length=actions.MAX_TEXT,
            widget=forms.TextInput(attrs={"placeholder": "{rule}: {reason}"}),
        )
        self.fields[f"then{number}_via"] = forms.ChoiceField(
            label="and tell the link", required=False, choices=[("", "only the app that reported"), *offered["notify"]]
        )
        self.fields[f"then{number}_respondent"] = forms.CharField(
            label="asking whom the event names in",
            required=False,
            max_length=255,
            widget=forms.TextInput(attrs={"placeholder": "the case itself"}),
        )

    # --- What is shown ------------------------------------------------------------------

    def _steps(self) -> list[Mapping[str, Any]]:
        return [{"when": step} if isinstance(step, str) else step for step in self.rule.spec.get("steps", [])]

    def _initial(self) -> dict[str, Any]:
        rule = self.rule
        found = {name: getattr(rule, name) for name in ("name", "severity", "enabled")} | dict(rule.spec)
        found["cooldown_s"] = rule.cooldown_s or None
        for number, step in enumerate(self._steps()):
            found |= {f"step{number}_{name}": value for name, value in step.items()}
        for number, entry in enumerate(rule.then):
            kind = actions.kind_of(entry)
            found |= {f"then{number}_{name}": value for name, value in entry.items() if name != kind}
            found[f"then{number}_what"] = f"{kind}:{entry[kind]}" if kind else ""
        return found

    def _rows(self, prefix: str, count: int, names: Sequence[str]) -> Iterator[Row]:
        for number in range(count):
            yield Row(number, {name: self[f"{prefix}{number}_{name}"] for name in names})

    @property
    def spec(self) -> Row:
        """The fields of the kind."""
        return Row(0, {name: self[name] for name in self.spec_fields})

    @property
    def steps(self) -> list[Row]:
        """The steps of a sequence."""
        return list(self._rows("step", self._step_rows, STEP))

    @property
    def then(self) -> list[Row]:
        """What follows from a match."""
        return list(self._rows("then", self._action_rows, ("what", "text", "via", "respondent")))

    @property
    def more_steps(self) -> bool:
        """Whether there may be another step."""
        return self._step_rows < specs.MAX_STEPS

    @property
    def more_actions(self) -> bool:
        """Whether something else may follow, too."""
        return self._action_rows < actions.MAX_ACTIONS

    # --- What was sent ------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Let `rule` be as the form says, not saved, and check it."""
        given: dict[str, Any] = super().clean() or {}
        rule = self.rule
        rule.name, rule.severity = given.get("name", ""), given.get("severity", rule.severity)
        rule.enabled, rule.cooldown_s = given.get("enabled", False), given.get("cooldown_s") or 0
        kept = [number for number in range(self._step_rows) if given.get(f"step{number}_when")]
        rule.spec = self._read_spec(given, kept)
        rule.then, numbers = self._read_then(given)
        faulty = [name for name in self.errors if name in self.spec_fields or name.startswith("step")]
        wrong: dict[str, Any] = {}
        try:
            check_rule(rule, self.user)
        except forms.ValidationError as error:
            wrong = error.update_error_dict(wrong)
        self.tryable = not faulty and "spec" not in wrong
        for one in [] if faulty else wrong.get("spec", []):
            self._tell(one, kept)
        for one in wrong.get("then", []):
            row = f"then{numbers[one.path[0]]}_" if one.path else "then0_"
            name = row + str(one.path[-1])
            self.add_error(name if name in self.fields else f"{row}what", one.detail)
        return given

    def _read_spec(self, given: Mapping[str, Any], kept: Sequence[int]) -> dict[str, Any]:
        spec = {name: given.get(name) for name in self.spec_fields if given.get(name) not in (None, "")}
        if self.rule.kind == Rule.Kind.SEQUENCE:
            steps = [{part: given.get(f"step{number}_{part}") for part in STEP} for number in kept]
            spec["steps"] = [{name: value for name, value in step.items() if value} for step in steps]
        return spec

    def _tell(self, error: PlacedError, kept: Sequence[int]) -> None:
        """Show the mistake at its field."""
        path, words = list(error.path), error.detail
        name = str(path[0]) if path else ""
        if name == "steps":
            place = path[1] if len(path) > 1 else None
            number = kept[place] if isinstance(place, int) and place < len(kept) else len(kept)
            name = f"step{min(number, self._step_rows - 1)}_{path[2] if len(path) > 2 else 'when'}"
            words = words if len(kept) > 1 else "A sequence has at least two steps."
        name = name if name in self.fields else ""
        self.add_error(name or None, words)
        if name and error.line and error.column:
            self.places[name] = (error.line, error.column)

    def _read_then(self, given: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[int]]:
        """Return the actions that were chosen, and the rows they are in."""
        then, numbers = [], []
        for number in range(self._action_rows):
            kind, _, target = (given.get(f"then{number}_what") or "").partition(":")
            if not kind:
                continue
            own = {part: given.get(f"then{number}_{part}") for part in sorted(actions.ACTIONS[kind].fields)}
            then.append({kind: target} | {part: value for part, value in own.items() if value})
            numbers.append(number)
        return then, numbers

    def forgive(self) -> None:
        """Hide all mistakes while somebody is still writing."""
        self.errors.clear()
        self.places.clear()

    def place_of(self, name: str) -> tuple[str, str] | None:
        """The line of an expression that is wrong, and below it a sign that points at the place."""
        if name not in self.places:
            return None
        line, column = self.places[name]
        lines = str(self.fields[name].clean(self[name].value())).split("\n")
        return (lines[line - 1] if line <= len(lines) else ""), " " * (column - 1) + "▲"
