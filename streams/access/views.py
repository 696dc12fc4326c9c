"""Views of the API about a log or about what belongs to one."""

from typing import TypeVar

from django.db.models import Model
from rest_framework import generics

from streams.access.logs import LogPermission

Row = TypeVar("Row", bound=Model)


class LogAnswer(generics.GenericAPIView[Row]):
    """One answer about a log: neither pages nor filters."""

    permission_classes = [LogPermission]
    pagination_class = None
    filter_backends = []
    action = "retrieve"
