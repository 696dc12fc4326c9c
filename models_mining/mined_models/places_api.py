"""REST resource ``models/{id}/places/``: where the person who asks put the boxes of a model's map."""

from typing import Any, cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import SignedIn
from foundation.http.requests import refuse_unknown
from models_mining.mined_models.queries import model_for
from models_mining.models.places import FARTHEST, LONGEST, MOST, MapPlaces


class PlacesSerializer(serializers.Serializer[Any]):
    """The places of boxes, by their keys on the map."""

    places = serializers.DictField(
        child=serializers.ListField(
            child=serializers.FloatField(min_value=-FARTHEST, max_value=FARTHEST), min_length=2, max_length=2
        ),
        help_text=f"[x, y] of the middle of each box that was moved by hand; at most {MOST}.",
    )

    def validate_places(self, places: dict[str, list[float]]) -> dict[str, list[float]]:
        if len(places) > MOST:
            raise serializers.ValidationError(f"At most {MOST} places, not {len(places)}.")
        if any(len(key) > LONGEST or "\0" in key for key in places):
            raise serializers.ValidationError(f"A key has at most {LONGEST} characters, and no NUL.")
        return places


class PlacesView(generics.GenericAPIView[MapPlaces]):
    """One's own places on a model's map: whoever may see the model may arrange it for himself."""

    queryset = MapPlaces.objects.all()
    serializer_class = PlacesSerializer
    permission_classes = [SignedIn]
    pagination_class = None
    filter_backends = []

    def get(self, request: Request, pk: int) -> Response:
        """None moved: an empty object."""
        refuse_unknown(request, set())
        row = MapPlaces.objects.filter(model=model_for(request, pk), user=cast("User", request.user)).first()
        return Response({"places": row.places if row else {}})

    def put(self, request: Request, pk: int) -> Response:
        """All of them at once; those that are not named are forgotten."""
        model = model_for(request, pk)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        MapPlaces.objects.update_or_create(user=cast("User", request.user), model=model, defaults=given)
        return Response(given)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Forget them."""
        MapPlaces.objects.filter(model=model_for(request, pk), user=cast("User", request.user)).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
