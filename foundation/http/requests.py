"""What the API modules of the apps share: checked serializers, errors that HTTP has a status for."""

import gzip
import io
import zlib
from collections.abc import Mapping
from typing import IO, Any, ClassVar, cast

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError, UnsupportedMediaType
from rest_framework.fields import get_error_detail
from rest_framework.request import Request
from rest_framework.settings import api_settings

from foundation.http.problems import Conflict as Conflict
from foundation.http.problems import TooLarge as TooLarge
from foundation.http.problems import Unavailable as Unavailable
from foundation.numbers import whole_number
from foundation.placed_error import PlacedError


class BadQuery(serializers.ValidationError):
    """A query parameter that is unknown or cannot be read."""


class PlacedDetail(ErrorDetail):
    """A mistake in a text: its line and column, from 1."""

    line: int | None
    column: int | None

    def __new__(cls, error: PlacedError) -> "PlacedDetail":
        made: PlacedDetail = super().__new__(cls, error.detail, "invalid")
        made.line, made.column = error.line, error.column
        return made


class CheckedSerializer(serializers.ModelSerializer[Any]):
    """The row's own rules (its model's `clean`) hold for the API too, each mistake at its place."""

    flat: ClassVar[str] = ""  # a JSON column whose keys are fields of the API
    _refused: serializers.ValidationError | None = None

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """Raise the mistakes of a row as they are: the framework would keep only their text."""
        valid = super().is_valid(raise_exception=False)
        if not valid and raise_exception:
            raise self._refused or serializers.ValidationError(self.errors)
        return valid

    def check(self, row: Any, given: Mapping[str, Any]) -> None:
        """Raise Django's ValidationError unless the row may be stored; ``given`` is what the request changes."""
        row.clean()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        model: type[models.Model] = self.Meta.model
        row = model()
        if self.instance is not None:
            for field in model._meta.concrete_fields:
                setattr(row, field.attname, getattr(self.instance, field.attname))
        many = {field.name for field in model._meta.many_to_many}
        for name, value in attrs.items():
            if name not in many:
                setattr(row, name, value)
        try:
            self.check(row, attrs)
        except ModelInvalid as error:
            self._refused = serializers.ValidationError()
            self._refused.detail = self._placed(error)
            raise self._refused from error
        return attrs

    def _placed(self, error: ModelInvalid) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field, errors in error.update_error_dict({}).items():
            for one in errors:
                path = [] if field in (NON_FIELD_ERRORS, self.flat) else [field]
                details = get_error_detail(one)
                if isinstance(one, PlacedError):
                    path += map(str, one.path)
                    details = [PlacedDetail(one)]
                place = found
                for part in path:
                    place = place.setdefault(part, {})
                place.setdefault(api_settings.NON_FIELD_ERRORS_KEY, []).extend(details)
        return found


def read_body(stream: IO[bytes], limit: int) -> bytes:
    """All of a body; TooLarge beyond ``limit`` bytes."""
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body has more than {limit // 1024} KiB.")
    return body


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its ``Content-Encoding`` (gzip or none); TooLarge beyond ``limit`` bytes."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip":
            pass
        case other:
            raise UnsupportedMediaType(other, f"Content-Encoding {other[:100]!r} is not known here; gzip is.")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            return read_body(cast("IO[bytes]", file), limit)
    except (OSError, EOFError, zlib.error) as error:
        raise ParseError(f"The body is not gzip: {error}.") from error


def unchanged(request: Request, etag: str) -> bool:
    """Whether the caller has this already (``If-None-Match``)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return etag in known or known == ["*"]


def page_size(request: Request, default: int, most: int) -> int:
    """``?page_size=``, at most ``most``; BadQuery unless a number from 1."""
    given = request.query_params.get("page_size")
    if given is None:
        return default
    if not (number := whole_number(given)):
        raise BadQuery({"page_size": [f"Expected a number from 1 to {most}."]})
    return min(number, most)


def refuse_unknown(request: Request, known: set[str], prefix: str | tuple[str, ...] = "\0") -> None:
    """Raise BadQuery for the first query parameter that is not known."""
    for name in request.query_params:
        if name not in known | {"format"} and not name.startswith(prefix):
            names = ", ".join(sorted(known)) or "none"
            raise BadQuery({name[:100]: [f"This parameter is not known here; known: {names}."]}, code="unknown")
