"""``asyncapi.yaml``: the document of what is pushed, and of what brokers bring."""

from collections.abc import Mapping
from typing import Any

import yaml
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from live.socket.asyncapi import document


class _Yaml(BaseRenderer):
    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        return text


class AsyncApi(APIView):
    """The AsyncAPI 3 document of the live socket and of the channels of brokers."""

    renderer_classes = [_Yaml]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """As YAML."""
        return Response(document(request.get_host(), secure=request.is_secure()))
