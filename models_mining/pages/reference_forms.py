"""The two ways to a reference model: a file, or a mined model as it is now."""

from typing import IO, Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile

from foundation.numbers import whole_number
from models_mining.conformance import references
from models_mining.core.conformance.references import RULES
from models_mining.mined_models.watching import ask_for
from models_mining.models import MinedModel, ReferenceModel
from streams.models import EventLog

KINDS = ("pnml", "bpmn", "ptml")
MINED = {"algorithm": "im", "cases": "closed", "parameters": {"view": "bpmn"}}


class UploadForm(forms.Form):
    """A file, and a name of its own if it shall have one."""

    file = forms.FileField(
        label="PNML, BPMN or PTML file",
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty.",
            "invalid": "Choose a file.",
            "missing": "Choose a file.",
        },
        widget=forms.FileInput(attrs={"accept": ",".join(f".{kind}" for kind in KINDS)}),
    )
    name = forms.CharField(required=False, max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def clean_file(self) -> "UploadedFile[bytes]":
        """A text of a kind that is known; what is wrong within is for a worker to find out."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        stem, _, ending = str(file.name).rpartition(".")
        if ending.lower() not in KINDS:
            raise forms.ValidationError(
                f"{file.name} does not end in .pnml, .bpmn or .ptml: export your model as one of these."
            )
        if (file.size or 0) > references.MAX_SOURCE:
            raise forms.ValidationError(f"{file.name} is too large: at most {references.MAX_SOURCE >> 20} MiB.")
        try:
            self.text = references.text_of(cast("IO[bytes]", file))
        except references.FileError as error:
            raise forms.ValidationError(f"{file.name}: {error}") from error
        self.kind, self.stem = ending.lower(), stem
        return file

    def add(self, log: EventLog, owner: User, *, active: bool) -> ReferenceModel:
        """Store it; a worker reads it."""
        name = (self.cleaned_data["name"] or self.stem)[:255]
        return references.upload(log, name, self.kind, self.text, active=active, owner=owner)


def reusable(log: EventLog) -> list[MinedModel]:
    """The models of a log that can be frozen: those with a Petri net, and those of rules; they have a picture."""
    rows = MinedModel.objects.filter(log=log).exclude(picture=None).order_by("pk")
    with_net = rows.exclude(definition=None)
    fit = with_net | rows.filter(algorithm__in=RULES)
    return list(fit.defer("picture", "definition").distinct())


def called(model: MinedModel) -> str:
    """A model in a line: ``im, closed cases, view bpmn, events up to 8,577``."""
    knobs = [f"{name} {value}" for name, value in model.parameters.items()]
    return ", ".join([model.algorithm, f"{model.cases} cases", *knobs, f"up to event {model.seq:,}"])


class FreezeForm(forms.Form):
    """One of the log's models."""

    model = forms.TypedChoiceField(
        label="Model of this log",
        coerce=int,
        error_messages={
            "required": "Choose a model.",
            "invalid_choice": "This model is no longer there, or it has neither a Petri net nor rules.",
        },
    )
    name = forms.CharField(required=False, max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, models: list[MinedModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.models = {model.pk: model for model in models}
        cast("forms.ChoiceField", self.fields["model"]).choices = [
            (pk, called(model)) for pk, model in self.models.items()
        ]

    def add(self, *, active: bool) -> ReferenceModel | None:
        """Freeze it as it is now; None, and an error to show, where that cannot be."""
        model = self.models[self.cleaned_data["model"]]
        try:
            return references.freeze(model, self.cleaned_data["name"] or f"{model.algorithm} as of now", active=active)
        except references.UnfitModelError as error:
            self.add_error("model", str(error))
            return None


def mined_now(log: EventLog) -> MinedModel:
    """The model of the inductive miner over closed cases, which is mined as long as somebody waits for it."""
    found = MinedModel.objects.filter(log=log, **MINED).first()
    model = found or MinedModel.objects.create(log=log, **MINED)
    ask_for(model)
    return model


def preparing(log: EventLog, pk: str) -> MinedModel | None:
    """The model that somebody waits for to freeze it; asked for anew, as it may still be behind."""
    if not (number := whole_number(pk)):
        return None
    model = MinedModel.objects.filter(log=log, pk=number).select_related("log").first()
    if model is not None:
        ask_for(model)
    return model
