"""An owner that is paused in the middle of a transaction keeps nobody from taking its work over."""

import signal

import psycopg

from tests.conftest import wait_for
from tests.scale.conftest import LEASE_S, Plant

PAUSED = """
import os, signal
from django.db import connection, transaction
from foundation.processes import leases
from streams.models import EventLog

connection.close()
leases.release_rows_of_paused_owner()
EventLog.objects.create(slug="paused", name="paused")
with transaction.atomic():
    EventLog.objects.select_for_update().get(slug="paused")
    open(os.environ["PROCMINE_VAR"] + "/locked", "w").close()
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_the_rows_of_an_owner_that_is_paused_in_a_transaction_are_free_after_a_lease(plant: Plant) -> None:
    process = plant.script(PAUSED)
    locked = plant.installation.var / "locked"
    wait_for(locked.exists, 30, "the lock of the row")
    update = "UPDATE streams_eventlog SET name = 'taken over' WHERE slug = 'paused'"
    with psycopg.connect(plant.installation.env["PROCMINE_DATABASE_URL"]) as other:
        other.execute(f"SET lock_timeout = '{10 * LEASE_S}s'")
        assert other.execute(update).rowcount == 1
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) != 0  # the transaction is lost, and says so
    plant.stop_all()
