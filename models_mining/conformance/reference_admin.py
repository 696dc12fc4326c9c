"""Reference models in Django's admin: a file is uploaded, one is chosen."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from models_mining.conformance import references
from models_mining.models import ReferenceModel
from streams.access.log_admin import LogChoices, OfLogs
from streams.access.logs import logs_of


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """A new one, from a file; mined models are frozen over the API."""

    kind = forms.ChoiceField(choices=[(name, name.upper()) for name in ("pnml", "bpmn", "ptml")])
    file = forms.FileField(help_text="At most 2 MiB of UTF-8. A worker reads it: look at its state afterwards.")

    class Meta:
        model = ReferenceModel
        fields = ["log", "name", "kind"]

    def clean_file(self) -> str:
        """The text of the file."""
        try:
            return references.text_of(self.cleaned_data["file"])
        except references.FileError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(ReferenceModel)
class ReferenceModelAdmin(OfLogs):
    list_display = ["__str__", "log", "kind", "active", "state", "error"]
    list_filter = ["kind", "active", ("log", LogChoices)]
    list_select_related = ["log", "check_job"]
    readonly_fields = ["log", "kind", "active", "state", "error", "algorithm", "parameters", "derived_seq", "seq"]
    fields = ["name", *readonly_fields]
    actions = ["activate", "deactivate"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ReferenceModel]":
        return super().get_queryset(request).defer("source", "drawing")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **(kwargs if change else {"form": UploadForm, **kwargs}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is not None else ["log", "name", "kind", "file"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj is not None else []

    def save_model(self, request: HttpRequest, obj: ReferenceModel, form: Any, change: bool) -> None:
        if change:
            references.rename(obj, obj.name)
            return
        made = references.upload(
            obj.log, obj.name, obj.kind, form.cleaned_data["file"], active=False, owner=cast("User", request.user)
        )
        obj.__dict__.update(made.__dict__)

    @admin.action(description="Check the cases of its log against it", permissions=["change"])
    def activate(self, request: HttpRequest, chosen: "QuerySet[ReferenceModel]") -> None:
        for reference in self._changeable(request, chosen):
            try:
                references.activate(reference)
            except references.RefusedModelError as error:
                self.message_user(request, f"{error} {reference.error}", messages.ERROR)

    @admin.action(description="Check nothing against it any more", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: "QuerySet[ReferenceModel]") -> None:
        for reference in self._changeable(request, chosen):
            references.deactivate(reference)

    def _changeable(self, request: HttpRequest, chosen: "QuerySet[ReferenceModel]") -> "QuerySet[ReferenceModel]":
        return chosen.filter(log__in=logs_of(request.user, None, "change"))
