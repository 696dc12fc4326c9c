"""What the OpenAPI document says that the views do not: how one signs in."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Found by drf-spectacular when this module is imported (`procmine.apps`)."""

    target_class = "procmine.api.authentication.ApiTokenAuthentication"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token pm_<prefix>_<secret>`, made under tokens/ or by `manage.py createtoken`.",
        }
