"""REST resource ``models/{id}/snapshots/``: pictures of a model that somebody kept, and two of them compared."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import BadQuery, Conflict, refuse_unknown
from foundation.numbers import whole_number
from models_mining.core.drawing.changes import compare
from models_mining.mined_models.pictures import snapshot
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.serializers import PictureSerializer
from models_mining.models.snapshots import Snapshot
from streams.access.logs import LogPermission, seen_by

MOST = 100  # of a model


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
        return (
            Snapshot.objects.filter(model=model_for(self.request, self.kwargs["pk"]))
            .select_related("created_by", "model__log")
            .order_by("-id")
        )

    def get_serializer_class(self) -> type[SnapshotSerializer]:
        return SnapshotSerializer if self.action == "list" else KeptSerializer

    @extend_schema(request=SnapshotSerializer, responses={201: KeptSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Keep the picture as it is now. 409: there is none yet, or 100 are kept already."""
        model = model_for(request, pk)
        if not seen_by(request, "change").filter(pk=model.log_id).exists():
            raise PermissionDenied(f"You may see the log {model.log.slug}, but not change its models.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if model.picture is None:
            raise Conflict(f"The model {pk} has no picture yet: there is nothing to keep.")
        if model.snapshots.count() >= MOST:
            raise Conflict(f"{MOST} snapshots of this model are kept; delete one that is not needed.")
        serializer.save(
            model=model,
            algorithm=model.algorithm,
            parameters=model.parameters,
            cases=model.cases,
            picture=snapshot(model.picture),
            seq=model.seq,
            created_by=cast("User", request.user),
        )
        return Response(serializer.data, status=201)

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
            raise Conflict("The model was mined anew between the two, or its parameters changed. See picture/compare/.")
        return Response({name: row.pk for name, row in kept.items()} | compare(a, b))

    def _named(self, name: str) -> Snapshot:
        given = self.request.query_params.get(name, "")
        if (number := whole_number(given)) is None:
            raise BadQuery({name: ["Expected the id of a snapshot."]})
        row = self.get_queryset().filter(pk=number).first()
        if row is None:
            raise BadQuery({name: [f"This model has no snapshot {given}."]})
        return row
