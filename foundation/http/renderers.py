"""The browsable API under our Content-Security-Policy."""

from collections.abc import Mapping
from typing import Any

from csp.constants import UNSAFE_INLINE
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer
from rest_framework.request import Request


class BrowsableApi(BrowsableAPIRenderer):
    """The framework's pages carry ``style`` attributes: these are allowed on them, no inline script or sheet is."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        if renderer_context is not None:
            policy = {"style-src-attr": [UNSAFE_INLINE]}
            renderer_context["response"]._csp_update = policy  # noqa: SLF001  read by django-csp's middleware
        return super().render(data, accepted_media_type, renderer_context)

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context(*args, **kwargs), "code_style": None}  # its colours would be an inline sheet


class OneForm(BaseContentNegotiation):
    """For a route that answers in one form, whatever the caller would rather have."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
