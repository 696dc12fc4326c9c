"""Rows that people edit while processes count on them."""

from typing import Any

from django.db import models


class RegisteredRow(models.Model):
    """What people set up and processes count on: ``save()`` of a row that exists writes only what people may edit.

    So a form that was read before a batch was stored does not take the counters back to what they were then.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not (args or options.get("update_fields") or options.get("force_insert") or self._state.adding):
            options["update_fields"] = [
                field.name for field in self._meta.concrete_fields if field.editable and not field.primary_key
            ]
        super().save(*args, **options)
