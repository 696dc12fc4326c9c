"""Why something is refused, where HTTP has a status for it. Steps of the domain raise them too, so that no serializer
or parser of the REST framework is loaded with this module."""

from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """What is asked does not go with what is there."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This conflicts with what is there."
    default_code = "conflict"


class TooLarge(APIException):
    """The body, or what it holds, is more than is taken at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."
    default_code = "too_large"


class Unavailable(APIException):
    """The database cannot take it now; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database cannot take this now. Nothing was stored: send it again."
    default_code = "unavailable"
    wait = 1  # seconds, becomes Retry-After
