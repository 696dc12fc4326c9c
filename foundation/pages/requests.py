"""Requests of pages: one page of a long list, and the request as the API's serializers want it."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request

LIST = 50  # rows of a page


def as_api(request: HttpRequest) -> Request:
    """Wrap the request for a serializer of the API, with the current user's full permissions."""
    asked = Request(request)
    asked.user, asked.auth = request.user, None
    return asked


def page_of(request: HttpRequest, rows: "QuerySet[Any] | list[Any]", size: int = LIST) -> "Page[Any]":
    """Return the page that ``?page=`` asks for, or the nearest one if there is no such page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
