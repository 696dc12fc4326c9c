"""What every list shares: pages, ordering, and filters of which an unknown one is refused."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import BadQuery, page_size, refuse_unknown

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module


PAGING = {"page", "page_size", "cursor"}


class Pages(PageNumberPagination):
    """``?page=2&page_size=100``; the answer is ``{"next", "previous", "results"}``."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size, self.max_page_size)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        whole: dict[str, Any] = super().get_paginated_response_schema(schema)
        del whole["properties"]["count"]
        whole["required"] = ["next", "previous", "results"]
        return whole


class Filters(DjangoFilterBackend):
    """Named filters (``filterset_class`` of the view); a name that is no filter is a mistake, not a wish unheard."""

    def filter_queryset(  # type: ignore[override]  # the stubs speak of Django's request
        self, request: Request, queryset: "QuerySet[Any]", view: "APIView"
    ) -> "QuerySet[Any]":
        is_list = getattr(view, "action", "list") == "list"
        filterset = self.get_filterset(request, queryset, view) if is_list else None
        known: set[str] = set(getattr(view, "query_parameters", ()))
        if is_list:
            known |= PAGING if getattr(view, "paginator", None) is not None else set()
            if getattr(view, "ordering_fields", None):
                known.add("ordering")
        if filterset is not None:
            known |= set(filterset.filters)
        prefix: str | tuple[str, ...] = getattr(view, "query_prefix", "\0")
        refuse_unknown(request, known, prefix)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise BadQuery(filterset.errors)
        return filterset.qs


class Ordering(OrderingFilter):
    """``?ordering=-at``; a field that cannot be ordered by is refused."""

    def get_ordering(self, request: Request, queryset: "QuerySet[Any]", view: "APIView") -> "Sequence[str] | None":
        if not getattr(view, "ordering_fields", None):
            return None
        ordering: Sequence[str] | None = super().get_ordering(request, queryset, view)
        return ordering

    def remove_invalid_fields(
        self, queryset: "QuerySet[Any]", fields: Iterable[str], view: "APIView", request: Request
    ) -> list[str]:
        known = [name for name, _label in self.get_valid_fields(queryset, view, {"request": request})]
        for field in fields:
            if field.removeprefix("-") not in known:
                raise BadQuery({"ordering": [f"Cannot order by {field[:100]}; known: {', '.join(known)}."]})
        last: str = getattr(view, "tie_break", "pk")  # else a row may be on two pages, and another on none
        return [*fields, last] if last not in fields else list(fields)
