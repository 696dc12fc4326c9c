"""Leases: one owner at a time, a fence that rises with each change, and no waiting for the dead."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from foundation.models import Lease
from foundation.processes import leases

pytestmark = pytest.mark.django_db

NAME = "log:1"
ELSEWHERE = "another machine:ff/1"


def taken_by(owner: str, *, seconds_left: float = 10) -> None:
    Lease.objects.update_or_create(
        name=NAME, defaults={"owner": owner, "fence": 7, "expires_at": timezone.now() + timedelta(seconds=seconds_left)}
    )


def test_renewing_keeps_the_fence() -> None:
    first = leases.acquire(NAME)
    assert first is not None
    assert leases.acquire(NAME) == first


def test_a_lease_of_another_is_not_given() -> None:
    taken_by(ELSEWHERE)
    assert leases.acquire(NAME) is None


def test_an_expired_lease_changes_hands_with_a_higher_fence() -> None:
    taken_by(ELSEWHERE, seconds_left=-1)
    assert leases.acquire(NAME) == 8


def test_a_dead_process_of_this_machine_is_not_waited_for() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mine = leases.me()
    taken_by(mine.rpartition("/")[0] + f"/{gone.pid}")
    assert leases.acquire(NAME) == 8


def test_who_lost_a_lease_holds_it_no_more() -> None:
    fence = leases.acquire(NAME)
    assert fence is not None
    assert leases.holds(NAME, fence)
    taken_by(ELSEWHERE)
    assert not leases.holds(NAME, fence)
    leases.release(NAME, fence)  # and lets go of nothing
    assert Lease.objects.get(name=NAME).expires_at > timezone.now()


def test_who_lets_go_makes_room_at_once() -> None:
    fence = leases.acquire(NAME)
    assert fence is not None
    leases.release(NAME, fence)
    Lease.objects.update(owner=ELSEWHERE)
    assert leases.acquire(NAME) == fence + 1


def test_members_share_evenly_and_the_dead_have_no_part() -> None:
    member = leases.Member("mine")
    assert member.share(5) == 5
    later = timezone.now() + timedelta(seconds=10)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    Lease.objects.create(name="mine/a", owner=ELSEWHERE, expires_at=later)
    Lease.objects.create(name="mine/b", owner=f"{leases.HOST}/{gone.pid}", expires_at=later)
    assert member.share(5) == 3
    Lease.objects.filter(name="mine/a").update(expires_at=timezone.now() - timedelta(days=2))
    assert member.share(5) == 5
    member.leave()
    assert leases.Member("mine").share(4) == 4
    assert not Lease.objects.filter(name="mine/a").exists()
