"""REST resource ``models/{id}/export/``: the newest picture of a model as a file for other tools."""

from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from foundation.cost_cache import CostCache
from foundation.drawing.layered import TooLargeError
from foundation.errors import DomainError
from foundation.http.requests import BadQuery, refuse_unknown, unchanged
from models_mining.core.drawing import notation
from models_mining.core.drawing.nets import Net
from models_mining.mined_models.model_svg import svg
from models_mining.mined_models.pictures import snapshot
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.watching import ask_for
from models_mining.models import MinedModel
from streams.access.views import LogAnswer

TYPES = {
    "bpmn": "application/bpmn+xml",
    "pnml": "application/pnml+xml",
    "ptml": "application/ptml+xml",
    "dot": "text/vnd.graphviz",
    "svg": "image/svg+xml",
    "json": "application/json",
}
_svgs: CostCache[str] = CostCache()


class NoPictureError(DomainError):
    """The model was not derived yet, or cannot be."""

    code, text = "no-picture", "The model {model} has no picture yet: {why}"


class TooLargeToDrawError(DomainError):
    """A picture whose layout costs more than is done while somebody waits."""

    code = "too-large-to-draw"
    text = (
        "A picture of {nodes:,} nodes and {edges:,} edges is too large to be drawn here; "
        "`as=json` and `as=dot` hold it."
    )


class ModelExport(LogAnswer[MinedModel]):
    """A model as a file."""

    queryset = MinedModel.objects.all()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever is accepted: ``as`` says what comes, and errors come as they always do."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        parameters=[
            OpenApiParameter("as", str, required=True, enum=list(TYPES), description="The form."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the last answer."),
        ],
        responses={
            **{(200, content_type): OpenApiTypes.STR for content_type in TYPES.values()},
            (200, "application/json"): OpenApiTypes.OBJECT,
            304: None,
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The newest picture: `json` and `dot` and `svg` of any model, else what it is or stands for.

        `pnml` wherever there is a Petri net, `bpmn` of a diagram, `ptml` of a process tree. A `svg` that takes long to
        draw may be some seconds old. 409: there is no picture yet, or it is too large for `svg`.
        """
        refuse_unknown(request, {"as"})
        model = model_for(request, pk, whole=True)
        form = request.query_params.get("as")
        if form not in TYPES:
            raise BadQuery({"as": [f"Expected one of {', '.join(TYPES)}."]})
        ask_for(model)
        if model.picture is None:
            raise NoPictureError(model=pk, why=model.error or "ask again in a moment.")
        possible = notation.forms_of(model.picture["kind"], net=bool(model.definition))
        if form not in possible:
            raise BadQuery({"as": [f"A {model.picture['kind']} of {model.algorithm} can be {', '.join(possible)}."]})
        etag = f'"{model.epoch}:{model.version}"'
        caching = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if unchanged(request, etag):
            return HttpResponse(status=304, headers=caching)
        if form == "svg":
            body, caching["ETag"] = _svg(model, etag)
        else:
            body = _written(model, form)
        name = f"{model.log.slug}-{model.algorithm}.{form}"
        return HttpResponse(
            body,
            content_type=TYPES[form],
            headers={**caching, "Content-Disposition": f'attachment; filename="{name}"'},
        )


def _svg(model: MinedModel, etag: str) -> tuple[str | bytes, str]:
    """The drawing and its own ETag: of one that is expensive, an older one; TooLargeToDrawError if it is too large."""
    picture: Any = model.picture

    def draw() -> str:
        return svg(picture["nodes"], picture["edges"], _title(model))

    try:
        drawn = _svgs.get(model.pk, etag, draw)
    except TooLargeError as error:
        raise TooLargeToDrawError(nodes=len(picture["nodes"]), edges=len(picture["edges"])) from error
    return drawn.value, str(drawn.stamp)


def _title(model: MinedModel) -> str:
    picture: Any = model.picture
    return f"{model.algorithm} of {model.log.name}, {picture['seq']} events"


def _written(model: MinedModel, form: str) -> str | bytes:
    picture: Any = model.picture
    definition: Any = model.definition
    title = _title(model)
    if form == "json":
        told = {"log": model.log.slug, "algorithm": model.algorithm, "parameters": model.parameters}
        net = definition["net"] if definition else None
        return orjson.dumps({**told, "cases": model.cases, "picture": snapshot(picture), "net": net})
    if form == "pnml":
        return notation.pnml(Net.from_data(definition["net"]), title)
    writers: dict[str, Callable[[Any, Any, str], str]] = {
        "bpmn": notation.bpmn,
        "ptml": notation.ptml,
        "dot": notation.dot,
    }
    return writers[form](picture["nodes"], picture["edges"], title)
