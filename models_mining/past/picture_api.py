"""REST resource ``models/{id}/picture/``: the picture of a model, now or as of an earlier moment."""

import re

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import BadQuery, refuse_unknown, unchanged
from foundation.numbers import whole_number
from models_mining.jobs.api import JobSerializer
from models_mining.mined_models import pictures
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.serializers import (
    PictureSerializer,
)
from models_mining.mined_models.thinning import can_be_thinned, thinned
from models_mining.mined_models.watching import ask_for
from models_mining.models import MinedModel
from models_mining.past import past_api
from streams.access.views import LogAnswer

SHARES = ("activities", "paths")
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
NOTHING_YET = {
    "epoch": "",
    "version": 0,
    "seq": 0,
    "structure": 0,
    "at": None,
    "kind": None,
    "remarks": [],
    "derived_seq": 0,
    "derived_at": None,
    "nodes": [],
    "edges": [],
}


class PictureView(LogAnswer[MinedModel]):
    """The newest picture of a model."""

    queryset = MinedModel.objects.all()
    serializer_class = PictureSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("since", int, description="Only what changed after this version of the same epoch."),
            OpenApiParameter("activities", SHARE, description="Only this share of the activities, the most frequent."),
            OpenApiParameter("paths", SHARE, description="Only this share of the paths between them."),
            OpenApiParameter("as_of", str, description=f"As it was then. {past_api.MOMENT}"),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the last answer."),
        ],
        responses={200: PictureSerializer, 202: JobSerializer, 304: None},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The whole picture, or with `since` a delta: new values, never increments.

        Where no delta can be told (too long ago) the whole comes: it has no `from`. Another `epoch` than the one shown
        means the same: ask without `since`. `ETag` is `"<epoch>:<version>"`.

        With `as_of` it is a job (202, `Location` says where to look) until an equal one is done: then the picture of
        then, which has version 0.

        `activities` and `paths` leave out what is rare. Each activity keeps the most frequent path to it and from it.

        A model that nobody looks at may be behind its log. Asking for it makes it derived anew: ask again.
        """
        as_of = request.query_params.get("as_of")
        since, shares = _since(request), _shares(request)
        model = model_for(request, pk)
        if as_of is not None:
            return past_api.answer(request, "picture", model, {"as_of": past_api.seq_of(model.log, "as_of", as_of)})
        ask_for(model)
        etag = f'"{model.epoch}:{model.version}"'
        if unchanged(request, etag):
            return Response(status=304, headers=_headers(etag))
        picture = MinedModel.objects.filter(pk=pk).values_list("picture", flat=True).first()
        if picture is None:
            return Response(NOTHING_YET, headers=_headers(etag))
        if shares:
            if not can_be_thinned(picture):
                raise BadQuery(
                    {name: ["Only graphs with counted activities and paths can be thinned."] for name in shares}
                )
            picture = thinned(picture, shares.get("activities", 1.0), shares.get("paths", 1.0))
        answer = pictures.delta(picture, since) if since is not None else None
        etag = f'"{picture["epoch"]}:{picture["version"]}"'  # of the row as it was just read
        return Response(answer or pictures.snapshot(picture), headers=_headers(etag))


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "private, no-cache"}


def _since(request: Request) -> int | None:
    refuse_unknown(request, {"since", "as_of", *SHARES})
    given = request.query_params.get("since")
    if given is None:
        return None
    if "as_of" in request.query_params:
        raise BadQuery({"since": ["No delta leads to an earlier picture: ask for as_of alone."]})
    if (version := whole_number(given)) is None:
        raise BadQuery({"since": ["Expected a version: a number from 0."]})
    return version


def _shares(request: Request) -> dict[str, float]:
    found = {}
    for name in SHARES:
        given = request.query_params.get(name)
        if given is None:
            continue
        if not re.fullmatch(r"0?\.\d{1,9}|0|1(\.0{1,9})?", given, re.ASCII):
            raise BadQuery({name: ["Expected a number from 0 to 1, as 0.8."]})
        if other := {"since", "as_of"} & request.query_params.keys():
            raise BadQuery(
                {name: [f"Only a whole picture of now is thinned: leave out {' and '.join(sorted(other))}."]}
            )
        found[name] = float(given)
    return found
