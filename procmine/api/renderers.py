"""The browsable API under our Content-Security-Policy."""

from collections.abc import Mapping
from typing import Any

from csp.constants import UNSAFE_INLINE
from rest_framework.renderers import BrowsableAPIRenderer


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
