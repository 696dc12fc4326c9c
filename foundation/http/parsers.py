"""Bodies: strict JSON (no NaN, no half surrogate pairs, no endless nesting), at most 5 MiB."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from foundation.http.requests import read_body


class StrictJson(JSONParser):
    """``application/json``."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = read_body(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
