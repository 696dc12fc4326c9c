"""What the OpenAPI document says that the views do not: how one signs in, what an error looks like."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Found by drf-spectacular when this module is imported (`accounts.apps`)."""

    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token pm_<prefix>_<secret>`, made under tokens/ or by the command `createtoken`.",
        }


PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/validation"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The number of the request, as in X-Request-ID."},
        "code": {
            "type": "string",
            "description": "Which refusal it is, for programs.",
            "examples": ["too-many-runs"],
        },
        "parameters": {"type": "object", "description": "The values that the detail names."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "The field (RFC 6901)."},
                    "parameter": {"type": "string", "description": "The query parameter."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def anything_or_null(result: Any, **_: Any) -> Any:
    """Hook of drf-spectacular: anything is also null, so the framework's "one of anything and null" refuses null."""
    if isinstance(result, dict):
        if result.get("oneOf") == [{}, {"type": "null"}]:
            del result["oneOf"]
        for part in result.values():
            anything_or_null(part)
    elif isinstance(result, list):
        for part in result:
            anything_or_null(part)
    return result


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: whatever an operation does not answer as told, it answers by a problem."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in ("get", "post", "put", "patch", "delete"):
                operation["responses"]["default"] = {"description": "What went wrong.", "content": content}
    return result
