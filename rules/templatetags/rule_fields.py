"""A condition in the form of a rule, with the place of what is wrong in it."""

from typing import Any

from django import template
from django.forms import BoundField
from django.template import Context

register = template.Library()


@register.inclusion_tag("rules/expression.html", takes_context=True)
def expression(context: Context, form: Any, field: BoundField, label: str = "") -> dict[str, Any]:
    """``{% expression form field %}``: the field, the log's activities to put into it, the mistake below it."""
    return {
        "field": field,
        "label": label,
        "activities": context["activities"],
        "place": form.place_of(field.name),
    }
