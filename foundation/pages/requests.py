"""Requests of pages: one page of a long list."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

LIST = 50  # rows of a page


def page_of(request: HttpRequest, rows: "QuerySet[Any] | list[Any]", size: int = LIST) -> "Page[Any]":
    """Return the page that ``?page=`` asks for, or the nearest one if there is no such page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
