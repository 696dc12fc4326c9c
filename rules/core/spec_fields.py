"""The fields of specs as the API, OpenAPI and forms need them, from their declaration in `rules.core.specs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec import Meta, Struct, inspect

CEL = "cel"  # the language of conditions


def says(help_text: str, label: str = "", hint: str = "", **words: str) -> Meta:
    """Describe a field: ``help_text`` for the API; label, hint and the words of choices for forms."""
    return Meta(description=help_text, extra={"label": label, "hint": hint, "words": words})


@dataclass(frozen=True, slots=True)
class SpecField:
    """A field of a spec: ``type`` is that of its values, apart from None where it is ``nullable``.

    ``language`` is that of a text (`CEL`), ``unit`` that of a number (``s``), ``words`` are those of choices.
    """

    name: str
    type: inspect.Type
    required: bool
    nullable: bool
    help: str
    label: str = ""
    hint: str = ""
    words: Mapping[str, str] | None = None
    language: str = ""
    unit: str = ""


@cache
def fields_of(spec: type[Struct]) -> tuple[SpecField, ...]:
    """Return the fields of a kind of spec, or of a step, in their order."""
    info = inspect.type_info(spec)
    return tuple(map(_field, info.fields)) if isinstance(info, inspect.StructType) else ()


def _field(field: inspect.Field) -> SpecField:
    found: dict[str, Any] = {}
    kind, nullable = field.type, False
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            found = {**(kind.extra_json_schema or {}), **(kind.extra or {}), **found}
            kind = kind.type
            continue
        left = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if len(left) > 1:
            break
        kind, nullable = left[0], True
    return SpecField(field.name, kind, field.required, nullable, found.pop("description", ""), **found)
