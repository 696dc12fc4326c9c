"""REST resource ``models/{id}/snapshots/``: pictures of a model that somebody kept, and two of them compared."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import BadQuery, refuse_unknown
from foundation.numbers import whole_number
from models_mining.core.drawing.changes import compare
from models_mining.mined_models import snapshots
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.serializers import PictureSerializer
from models_mining.models.snapshots import Snapshot
from streams.access.logs import LogPermission, must_change


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """What was kept: which model, and up to which event it stands for."""

    created_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = Snapshot
        fields = ["id", "name", "algorithm", "parameters", "cases", "seq", "created_at", "created_by"]
        read_only_fields = ["algorithm", "parameters", "cases", "seq", "created_at"]


class KeptSerializer(SnapshotSerializer):
    """One with its picture."""

    picture = PictureSerializer(read_only=True)

    class Meta(SnapshotSerializer.Meta):
        fields = [*SnapshotSerializer.Meta.fields, "picture"]


_ROWS = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
_DIFFERENCES = {
    "type": "object",
    "required": ["added", "removed", "changed"],
    "properties": {"added": _ROWS, "removed": _ROWS, "changed": _ROWS},
}
COMPARISON = {
    "type": "object",
    "required": ["a", "b", "nodes", "edges"],
    "properties": {
        "a": {"type": "integer"},
        "b": {"type": "integer"},
        "nodes": _DIFFERENCES,
        "edges": _DIFFERENCES,
    },
}


class SnapshotViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Snapshot]
):
    """Pictures of a model that somebody kept, the newest first; at most 100."""

    queryset = Snapshot.objects.all()
    serializer_class = SnapshotSerializer
    permission_classes = [LogPermission]
    lookup_url_kwarg = "number"
    lookup_value_converter = "int"
    ordering_fields = ["id", "seq", "created_at"]

    def get_queryset(self) -> "QuerySet[Snapshot]":
        if getattr(self, "swagger_fake_view", False):
            return Snapshot.objects.none()
        model = model_for(self.request, self.kwargs["pk"])
        return Snapshot.objects.filter(model=model).select_related("created_by", "model__log").order_by("-id")

    def get_serializer_class(self) -> type[SnapshotSerializer]:
        return SnapshotSerializer if self.action == "list" else KeptSerializer

    @extend_schema(request=SnapshotSerializer, responses={201: KeptSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Keep the picture as it is now. 409: there is none yet, or 100 are kept already."""
        model = model_for(request, pk, whole=True)
        must_change(request, model.log)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        kept = snapshots.keep(model, serializer.validated_data.get("name", ""), cast("User", request.user))
        return Response(self.get_serializer(kept).data, status=201)

    @extend_schema(
        parameters=[OpenApiParameter(name, int, required=True, description="Id of a snapshot.") for name in "ab"],
        responses={200: COMPARISON},
        filters=False,
    )
    def compare(self, request: Request, pk: int) -> Response:
        """How snapshot `b` differs from `a`: nodes and edges added, removed, changed.

        A changed one has `row`, as it is in `b`, and `values`: for each that differs, both. 409: the two are not of one
        epoch, so that their nodes are not numbered alike.
        """
        refuse_unknown(request, {"a", "b"})
        kept = {name: self._named(name) for name in ("a", "b")}
        a, b = (kept[name].picture for name in ("a", "b"))
        if a["epoch"] != b["epoch"]:
            raise snapshots.OtherEpochError
        return Response({name: row.pk for name, row in kept.items()} | compare(a, b))

    def _named(self, name: str) -> Snapshot:
        given = self.request.query_params.get(name, "")
        if (number := whole_number(given)) is None:
            raise BadQuery({name: ["Expected the id of a snapshot."]})
        row = self.get_queryset().filter(pk=number).first()
        if row is None:
            raise BadQuery({name: [f"This model has no snapshot {given}."]})
        return row
