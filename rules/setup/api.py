"""REST resources ``rules/`` and ``rule-matches/``."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import token_of
from foundation.http.requests import page_size
from rules.engine.dry_run import try_out
from rules.matches.actions import statuses_of
from rules.models import Rule, RuleMatch
from rules.setup.queries import matches_of, rules_of
from rules.setup.serializers import MatchSerializer, RuleSerializer, TriedSerializer, VersionSerializer
from streams.access.logs import LogPermission


class RuleFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = Rule
        fields = ["name", "kind", "severity", "enabled"]


class RuleViewSet(viewsets.ModelViewSet[Rule]):
    """What is watched for in logs, and what then happens.

    A rule begins at its log's present end whenever it is made, changed or switched on. One that was removed is kept
    for its matches, and not listed any more.
    """

    queryset = Rule.objects.all()
    serializer_class = RuleSerializer
    permission_classes = [LogPermission]
    lookup_value_converter = "int"
    filterset_class = RuleFilter
    ordering_fields = ["id", "name", "kind", "severity", "changed_at"]

    def get_queryset(self) -> "QuerySet[Rule]":
        return rules_of(self.request.user, token_of(self.request)).order_by("id")

    def perform_destroy(self, instance: Rule) -> None:
        instance.archive()

    @extend_schema(request=None, responses=TriedSerializer)
    @action(detail=True, methods=["post"], url_path="try")
    def try_out(self, request: Request, pk: int) -> Response:
        """What it would have matched over the last 1,000 events; nothing is stored, and nobody is told."""
        return Response(TriedSerializer(try_out(self.get_object())).data)

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def versions(self, request: Request, pk: int) -> Response:
        """What it said before, the newest first; at most 100."""
        return Response(VersionSerializer(self.get_object().versions.all()[:100], many=True).data)


class MatchFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")
    rule = django_filters.NumberFilter("rule", min_value=1, max_value=2**63 - 1, decimal_places=0)
    state = django_filters.ChoiceFilter(method="in_state", choices=RuleMatch.State.choices)
    matched_after = django_filters.IsoDateTimeFilter("matched_at", lookup_expr="gt")
    matched_before = django_filters.IsoDateTimeFilter("matched_at", lookup_expr="lt")

    class Meta:
        model = RuleMatch
        fields = ["severity", "case"]

    def in_state(self, rows: "QuerySet[RuleMatch]", name: str, value: str) -> "QuerySet[RuleMatch]":
        return rows.filter(acknowledged_at__isnull=value == RuleMatch.State.NEW)


class MatchCursor(CursorPagination):
    """The newest first; what is matched meanwhile comes before, so no page shifts."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size, self.max_page_size)


class MatchViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RuleMatch]):
    """What rules matched, with the version of the rule, the event and its context."""

    queryset = RuleMatch.objects.all()
    serializer_class = MatchSerializer
    permission_classes = [LogPermission]
    pagination_class = MatchCursor
    lookup_value_converter = "int"
    filterset_class = MatchFilter

    def get_queryset(self) -> "QuerySet[RuleMatch]":
        return matches_of(self.request.user, token_of(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {**self.get_serializer_context(), "actions": statuses_of([match.pk for match in page])}
        return self.get_paginated_response(MatchSerializer(page, many=True, context=context).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: int) -> Response:
        """Somebody has seen it: the first one who says so is kept."""
        match = self.get_object()
        RuleMatch.objects.filter(pk=match.pk).acknowledge(request.user)
        return Response(self.get_serializer(self.get_queryset().get(pk=match.pk)).data)
