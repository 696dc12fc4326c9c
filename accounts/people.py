"""Users and groups in the admin: nobody gives what they do not have, nor takes over somebody who may do more.

Django's own pages let whoever may change users make themselves superuser. Here the right to manage users and groups is
that and no more; superusers are managed by superusers alone. Source: the warning in Django's documentation of
``UserAdmin``, "Creating users", and of ``is_superuser``.
"""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, Model, Q
from django.http import HttpRequest

from streams.models import LogGrant


def rights_of(who: User | Group) -> set[str]:
    """All that is given to a user (by groups too, active or not) or to a group: permissions, and grants of logs.

    A grant is written as its permission with the log: ``streams.ingest_eventlog:12``.
    """
    to = Q(user=who) | Q(group__user=who) if isinstance(who, User) else Q(group=who)
    held = {
        f"{app}.{name}"
        for app, name in Permission.objects.filter(to).values_list("content_type__app_label", "codename").distinct()
    }
    for grant in LogGrant.objects.filter(to):
        held |= {f"streams.{action}_eventlog:{grant.log_id}" for action in grant.actions}
    return held


def exceeds(who: User | Group, user: User) -> bool:
    """Whether ``who`` may do anything that ``user`` may not."""
    if user.is_superuser:
        return False
    if isinstance(who, User) and who.is_superuser:
        return True
    own = rights_of(user)
    return any(right not in own and right.partition(":")[0] not in own for right in rights_of(who))


class _WithinOwnRights(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Who may do more is shown and cannot be touched; permissions and groups are offered as far as one has them."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _above(obj, request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _above(obj, request)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        user = cast("User", request.user)
        if not user.is_superuser:
            if db_field.related_model is Permission:
                own = Permission.objects.filter(Q(user=user) | Q(group__user=user))
                kwargs["queryset"] = Permission.objects.filter(pk__in=own.values("pk"))
            elif db_field.related_model is Group:
                within = [group.pk for group in Group.objects.all() if not exceeds(group, user)]
                kwargs["queryset"] = Group.objects.filter(pk__in=within)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def _above(obj: Model | None, request: HttpRequest) -> bool:
    return isinstance(obj, User | Group) and exceeds(obj, cast("User", request.user))


admin.site.unregister([User, Group])


@admin.register(User)
class Users(_WithinOwnRights, UserAdmin):  # type: ignore[type-arg]  # as above
    """Superusers are made by superusers."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if cast("User", request.user).is_superuser else [*fields, "is_superuser"]


@admin.register(Group)
class Groups(_WithinOwnRights, GroupAdmin):  # type: ignore[misc]  # GroupAdmin may be called without a request
    """With the permissions one has oneself."""
