"""Refusals of the domain on pages: at a form's fields, or as a page of their own."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from foundation.errors import DomainError


def sentences(error: DomainError | ValidationError) -> str:
    """Return what a refusal says, where it is shown at no field."""
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def add_refusal(form: BaseForm, error: DomainError) -> None:
    """Show the error at the field of the form that it names, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


class RefusalPage:
    """Middleware that answers a `DomainError` of a page or of the admin with its sentence and its status.

    Views whose form can show the error catch it (`add_refusal`); the API has `foundation.http.problem_handler`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Word a refusal; leave every other exception to Django."""
        if not isinstance(error, DomainError):
            return None
        return render(request, "refused.html", {"error": error}, status=error.status)
