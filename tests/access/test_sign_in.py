"""Guessing passwords: it is stopped for a name from an address, for a while, and tells nothing of who exists."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

RIGHT = "correct horse battery"


@pytest.fixture
def anna(db: None, settings: Any) -> User:
    settings.AXES_FAILURE_LIMIT = 3
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    return User.objects.create_user("anna", password=RIGHT, is_staff=True)


def sign_in(name: str, password: str, page: str = "/login/", **meta: str) -> Any:
    return Client().post(page, {"username": name, "password": password}, **meta)  # type: ignore[arg-type]


def guess(name: str, times: int = 3, **meta: str) -> Any:
    for _ in range(times):
        answer = sign_in(name, "wrong", **meta)
    return answer


def text(answer: Any) -> str:
    return str(answer.content.decode().partition('role="alert">')[2].partition("</p>")[0])


def test_after_some_failures_even_the_right_password_is_refused_for_a_while(anna: User) -> None:
    assert guess("anna", 2).status_code == 200
    assert sign_in("anna", RIGHT).status_code == 302  # and the count begins anew
    guess("anna")
    answer = sign_in("anna", RIGHT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert text(answer) == "Too many failed attempts for this user name from here. Try again in 15 minutes."
    assert sign_in("anna", RIGHT, "/admin/login/").status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in("anna", RIGHT).status_code == 302


def test_an_attempt_meanwhile_does_not_prolong_it(anna: User) -> None:
    guess("anna")
    begun = AccessAttempt.objects.get().attempt_time
    guess("anna")
    assert AccessAttempt.objects.get().attempt_time == begun


def test_nobody_else_is_locked_out(anna: User) -> None:
    User.objects.create_user("bert", password=RIGHT)
    guess("anna")
    assert sign_in("bert", RIGHT).status_code == 302
    assert sign_in("anna", RIGHT, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_an_address_that_the_client_claims_counts_for_nothing(anna: User) -> None:
    for number in range(3):
        sign_in("anna", "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}", HTTP_X_REAL_IP="198.51.100.9")
    assert sign_in("anna", RIGHT, HTTP_X_FORWARDED_FOR="198.51.100.200").status_code == 429


def test_the_answers_do_not_tell_which_names_exist(anna: User) -> None:
    User.objects.create_user("left", password=RIGHT, is_active=False)
    told = {text(guess(name, 1)) for name in ("anna", "nobody", "left")} | {text(sign_in("left", RIGHT))}
    assert len(told) == 1
    locked = {(answer.status_code, text(answer)) for answer in (guess(name) for name in ("anna", "nobody", "left"))}
    assert [status for status, _ in locked] == [429]


def test_no_password_is_kept_of_an_attempt(anna: User) -> None:
    sign_in("anna", "my other password")
    row = AccessAttempt.objects.get()
    assert "my other password" not in "".join(str(getattr(row, field.name)) for field in row._meta.fields)


@pytest.mark.parametrize("name", ["a\0b", "x" * 10_000, "\ud800", "<script>"])
def test_strange_names_are_only_wrong(anna: User, name: str) -> None:
    assert sign_in(name.encode(errors="replace").decode(), "wrong", HTTP_USER_AGENT="\0" * 3).status_code in (200, 400)
