"""Every page of the admin, as staff of all kinds: the permission of the model, and only rows of logs one may view."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Token
from streams.models import LogGrant
from tests.access.conftest import GROUPS, SECRET, World, knocker

OPEN = {"admin:login"}
ANY_STAFF = {"admin:index", "admin:logout", "admin:password_change", "admin:password_change_done", "admin:jsi18n"}
ELSEWHERE = {  # tested by name in tests/access/test_admin.py, or without rows of ours
    *("admin:view_on_site", "admin:autocomplete", "admin:app_list", "admin:auth_user_password_change"),
    "admin:accounts_token_revoke",
}
KINDS = {"changelist": "view", "add": "add", "history": "view", "delete": "delete", "change": "view"}


def names(patterns: Any = None) -> Iterator[str]:
    """The routes of the admin that have a name; the others lead to one, or to the page of 404."""
    if patterns is None:
        admin.autodiscover()
        patterns = admin.site.urls[0]
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"admin:{pattern.name}"


def pages(world: World) -> Iterator[tuple[str, str, str]]:
    """Address, what is asked for, and the name of the permission: ``change``, ``streams.view_broker``."""
    admin.autodiscover()  # nothing may have asked for the routes yet
    for model in admin.site._registry:
        if model is Token:  # has pages of its own
            continue
        label = model._meta.label_lower
        app, _, name = label.partition(".")
        row = world.rows.get(model) or model._default_manager.first()
        for kind, verb in KINDS.items():
            middle = "" if kind == "changelist" else "add/" if kind == "add" else f"{row and row.pk}/{kind}/"
            yield f"/admin/{app}/{name}/{middle}", kind, f"{app}.{verb}_{name}"


def test_every_admin_route_is_known() -> None:
    assert get_resolver().reverse_dict is not None
    admin.autodiscover()
    of_models = {
        f"admin:{model._meta.label_lower.replace('.', '_')}_{kind}" for model in admin.site._registry for kind in KINDS
    }
    assert set(names()) - of_models == OPEN | ANY_STAFF | ELSEWHERE


@pytest.mark.parametrize("name", ["anonymous", "nobody", *GROUPS])
def test_a_page_opens_to_staff_with_the_permission_of_its_model(world: World, name: str) -> None:
    who = knocker(name, world)
    if who.user is not None:
        assert who.client.get("/admin/")["Location"].startswith("/admin/login/")  # a group alone makes nobody staff
        User.objects.filter(pk=who.user.pk).update(is_staff=True)
    wrong = []
    for address, kind, permission in pages(world):
        status = who.client.get(address).status_code
        if who.user is None:
            right = status == 302
        else:
            held = {permission, permission.replace("view_", "change_")}  # who may change may look
            may = any(who.user.has_perm(one) for one in held)
            never = kind in ("add", "delete") and status in (302, 403)  # some rows are not made or deleted by hand
            right = status == 200 or never if may else status in (302, 403)
        if not right:
            wrong.append((address, kind, status))
    assert not wrong


def test_staff_of_another_log_sees_no_row_of_this_one(world: World) -> None:
    user = User.objects.create_user("keeper", is_staff=True)
    LogGrant.objects.create(log=world.other, user=user, can_change=True, can_ingest=True, can_delete=True)
    ours = Permission.objects.filter(
        content_type__app_label__in=["streams", "models_mining", "simulations", "rules", "sheets", "accounts"]
    )
    user.user_permissions.set(ours.exclude(codename__in=["view_eventlog", "change_eventlog", "ingest_eventlog"]))
    client = Client()
    client.force_login(user)
    seen = {address: client.get(address) for address, _, _ in pages(world)}
    seen["tokens"] = client.get("/admin/accounts/token/add/")
    assert not [address for address, answer in seen.items() if SECRET in answer.content.decode()]
    assert "Other" in seen["tokens"].content.decode()
    for kind in ("minedmodel", "job", "analysis"):  # of this log: not there
        row = next(row for model, row in world.rows.items() if model._meta.model_name == kind)
        assert seen[f"/admin/models_mining/{kind}/{row.pk}/change/"].status_code == 302
    model = world.other.models.get()
    assert client.get(f"/admin/models_mining/minedmodel/{model.pk}/change/").status_code == 200
    LogGrant.objects.update(can_change=False)
    form = {"log": world.other.pk, "algorithm": "alpha", "parameters": "{}", "cases": "all"}
    assert client.post(f"/admin/models_mining/minedmodel/{model.pk}/change/", form).status_code == 403
