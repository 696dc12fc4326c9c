"""A refusal of the domain as each edge words it."""

import pytest
from django import forms
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.errors import DomainError
from foundation.management.domain_command import DomainCommand
from foundation.pages.refusals import add_refusal


class FullError(DomainError):
    code, status, text = "shelf-full", 409, "The shelf {shelf} holds {most} boxes."


class Refusing(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        raise FullError(field=request.query_params.get("field", ""), shelf="<A>", most=3)


def refusing(request: HttpRequest) -> HttpResponse:
    raise FullError(shelf="<A>", most=3)


class Command(DomainCommand):
    def handle(self, *args: object, **options: object) -> None:
        raise FullError(shelf="{A}", most=3)


class BoxForm(forms.Form):
    shelf = forms.CharField()


from procmine.urls import urlpatterns as ours  # noqa: E402

urlpatterns = [path("api/v1/refusing/", Refusing.as_view()), path("refusing/", refusing), *ours]
here = override_settings(ROOT_URLCONF=__name__)


@here
def test_the_api_answers_status_code_and_parameters(client: Client) -> None:
    answer = client.get("/api/v1/refusing/")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    body = answer.json()
    assert (body["type"], body["code"]) == ("/problems/conflict", "shelf-full")
    assert body["parameters"] == {"shelf": "<A>", "most": 3}
    assert body["detail"] == "The shelf <A> holds 3 boxes."
    assert "errors" not in body


@here
def test_the_api_names_the_field(client: Client) -> None:
    body = client.get("/api/v1/refusing/?field=shelf").json()
    assert body["errors"] == [{"pointer": "/shelf", "code": "shelf-full", "detail": "The shelf <A> holds 3 boxes."}]


@here
@pytest.mark.django_db
def test_a_page_shows_the_sentence_escaped(client: Client) -> None:
    answer = client.get("/refusing/")
    assert answer.status_code == 409
    assert "The shelf &lt;A&gt; holds 3 boxes." in answer.content.decode()


def test_a_form_shows_it_at_its_field_or_above() -> None:
    form = BoxForm({"shelf": "A"})
    assert form.is_valid()
    add_refusal(form, FullError(field="shelf", shelf="A", most=3))
    add_refusal(form, FullError(field="box", shelf="B", most=4))
    assert form.errors == {"shelf": ["The shelf A holds 3 boxes."], "__all__": ["The shelf B holds 4 boxes."]}


def test_a_command_ends_with_the_sentence() -> None:
    with pytest.raises(CommandError, match=r"^The shelf \{A\} holds 3 boxes\.$"):
        call_command(Command())
