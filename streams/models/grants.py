"""Single logs opened to a person or a group: what the permissions of a model say of all logs, for one."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class Grants(models.QuerySet["LogGrant"]):
    """Which logs are open to whom."""

    def of(self, user: AbstractBaseUser | AnonymousUser, action: str) -> "Grants":
        """Those that let ``user`` do ``action``, by name or by a group. ``.values("log")`` is one subquery."""
        if user.pk is None or not user.is_active or action not in LogGrant.ACTIONS:
            return self.none()
        return self.filter(Q(user=user.pk) | Q(group__user=user.pk), **{f"can_{action}": True})


class LogGrant(models.Model):
    """What a user, or each member of a group, may do with one log. See `streams.access.logs.logs_of`."""

    ACTIONS: ClassVar = ("view", "ingest", "change", "delete")

    log = models.ForeignKey("streams.EventLog", on_delete=models.CASCADE, related_name="grants", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="log_grants"
    )
    group = models.ForeignKey("auth.Group", null=True, blank=True, on_delete=models.CASCADE, related_name="log_grants")
    can_view = models.BooleanField("view", default=True, help_text="See it, with its events and models.")
    can_ingest = models.BooleanField("ingest", default=False, help_text="Send events to it.")
    can_change = models.BooleanField("change", default=False, help_text="Change it and its models.")
    can_delete = models.BooleanField("delete", default=False, help_text="Delete it.")

    objects = Grants.as_manager()

    class Meta:
        verbose_name = "permission for a log"
        verbose_name_plural = "permissions for logs"
        ordering = ["log", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True, group__isnull=False) | Q(user__isnull=False, group__isnull=True),
                name="grant_to_one",
                violation_error_message="Name a user or a group.",
            ),
            models.UniqueConstraint(fields=["log", "user"], name="grant_user"),
            models.UniqueConstraint(fields=["log", "group"], name="grant_group"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {', '.join(self.actions) or 'nothing'} of {self.log}"

    @property
    def actions(self) -> list[str]:
        """What it allows, as in `ACTIONS`."""
        return [action for action in self.ACTIONS if getattr(self, f"can_{action}")]

    @actions.setter
    def actions(self, actions: "list[str]") -> None:
        for action in self.ACTIONS:
            setattr(self, f"can_{action}", action in actions)

    def clean(self) -> None:
        errors: dict[str, Any] = {}
        if (self.user_id is None) == (self.group_id is None):
            errors["user"] = "Name a user or a group, one of them."
        if not self.can_view and (self.can_change or self.can_delete):
            errors["can_view"] = "Whoever may change or delete a log may view it."
        if errors:
            raise ValidationError(errors)
