"""The groups there are from the start, and what each may do: the one table of it (docs/access.md shows it)."""

from typing import Any

from auditlog.context import disable_auditlog
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

_LOOK = [
    *("streams.view_eventlog", "streams.view_event", "models_mining.view", "streams.view_import", "rules.view"),
    "sheets.view",
]
_ANALYSE = [
    *(*_LOOK, "streams.change_eventlog", "models_mining.add", "models_mining.change", "models_mining.delete"),
    *("sheets.add", "sheets.change", "sheets.delete"),
]
_OPERATE = [
    *_ANALYSE,
    *("streams.view", "streams.add", "streams.change", "streams.ingest_eventlog", "simulations"),
    *("rules.add", "rules.change", "rules.delete"),
    *("streams.delete_broker", "streams.delete_stream", "streams.delete_republish", "streams.delete_rejection"),
    "auditlog.view_logentry",
]
GROUPS = {  # an app, an app and a verb, or one permission
    "Viewer": _LOOK,
    "Analyst": _ANALYSE,
    "Operator": _OPERATE,
    "Admin": [
        "streams",
        "models_mining",
        "simulations",
        "rules",
        "sheets",
        "accounts",
        "auth",
        "auditlog.view_logentry",
    ],
}
GRANTS = Q(codename__endswith="_loggrant")  # for Admin alone: who opens logs to others may open them to himself


def permissions_of(name: str) -> set[Permission]:
    """The permissions a group of this name is made with, of the tables there are now."""
    wanted = Q(pk=None)
    for words in GROUPS[name]:
        app, _, verb = words.partition(".")
        exact = Q(codename=verb) | Q(codename__startswith=f"{verb}_")
        wanted |= Q(content_type__app_label=app) & (exact if verb else Q())
    found = Permission.objects.filter(wanted)
    return set(found if name == "Admin" else found.exclude(GRANTS))


def make_groups(**_: Any) -> None:
    """After each migration: make the groups that are missing; give what is new to those that are there.

    A permission is new where none of the groups has it. So nothing that somebody took from one, or gave one, is undone.
    """
    known = set(Permission.objects.filter(group__name__in=GROUPS))
    with disable_auditlog():
        for name in GROUPS:
            group, made = Group.objects.get_or_create(name=name)
            wanted = permissions_of(name)
            group.permissions.add(*(wanted if made else wanted - known))
