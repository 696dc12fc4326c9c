"""REST resources ``models/`` and ``algorithms/``."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from models_mining.core.discovery import ALGORITHMS
from models_mining.mined_models.serializers import (
    AlgorithmSerializer,
    AlgorithmsSerializer,
    ModelSerializer,
)
from models_mining.models import MinedModel
from streams.access.logs import LogPermission, must_change, seen_by


class ModelFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = MinedModel
        fields = ["algorithm", "cases"]


class ModelViewSet(viewsets.ModelViewSet[MinedModel]):
    """Models of logs. Changing parameters or cases begins a new epoch of the picture."""

    queryset = MinedModel.objects.all()
    serializer_class = ModelSerializer
    permission_classes = [LogPermission]
    lookup_value_converter = "int"
    filterset_class = ModelFilter
    ordering_fields = ["id", "algorithm", "version"]

    def get_queryset(self) -> "QuerySet[MinedModel]":
        logs = seen_by(self.request)
        return (
            MinedModel.objects.filter(log__in=logs).defer("picture", "definition").select_related("log").order_by("id")
        )

    def perform_create(self, serializer: BaseSerializer[MinedModel]) -> None:
        self._save(serializer)

    def perform_update(self, serializer: BaseSerializer[MinedModel]) -> None:
        self._save(serializer)

    def _save(self, serializer: BaseSerializer[MinedModel]) -> None:
        log = serializer.validated_data.get("log")
        if log:
            must_change(self.request, log)
        serializer.save()


class AlgorithmList(generics.GenericAPIView[Any]):
    """The algorithms there are, with their parameters."""

    serializer_class = AlgorithmSerializer
    pagination_class = None
    filter_backends = []

    @extend_schema(responses=AlgorithmsSerializer)
    def get(self, request: Request) -> Response:
        """All of them, on one page."""
        rows = self.get_serializer([ALGORITHMS[name] for name in sorted(ALGORITHMS)], many=True).data
        return Response({"next": None, "previous": None, "results": rows})
