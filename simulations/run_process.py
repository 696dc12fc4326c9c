"""One run: the simulator's events into the log's table, its progress into its row, until it ends or is to end."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from django.db import OperationalError, connections
from django.utils import timezone

from simulations.models import Simulation
from simulations.runs import MAX_RATE, check
from simulator.errors import SimulatorError, SinkError
from simulator.sinks.base import Sink, Surroundings
from simulator.world.event import Event
from simulator.world.ids import EventIds
from streams.events.http import take
from streams.models import EventLog

TELL_S = 0.5
BATCH = 200
FLUSH_S = 0.2
TRIES = 5  # of storing a batch while the database is locked or away
PAUSE_S = 0.5
REMARKS, NEWEST = 20, 12  # lines shown


class LogTable(Sink):
    """Stores events in batches, as the API would. ``case_prefix`` keeps the runs into one log apart."""

    def __init__(self, log: EventLog, *, case_prefix: str) -> None:
        self._log, self._case_prefix = log, case_prefix
        self._ids = EventIds()
        self._batch: list[dict[str, Any]] = []
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)
        self._stored_s = self._begin_s = time.monotonic()
        self._stored = 0
        self.rejected = 0
        self.newest: deque[str] = deque(maxlen=NEWEST)

    def open(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._stored_s = self._begin_s = time.monotonic()

    def send(self, event: Event) -> None:
        self._batch.append(
            {
                "id": self._ids.next(),
                "case": self._case_prefix + event.case,
                "activity": event.activity,
                "at": event.at.isoformat(timespec="microseconds"),
                "attributes": {"node": event.node, "group": event.group},
            }
        )
        if len(self._batch) >= BATCH or time.monotonic() - self._stored_s > FLUSH_S:
            self.idle()

    def idle(self) -> None:
        self._stored_s = time.monotonic()
        if not self._batch:
            return
        answer = self._store()
        for result in answer["results"]:
            if result["status"] == "rejected":
                if not self.rejected:
                    self._surroundings.say(f"an event was refused: {result['detail']}")
                self.rejected += 1
        self.newest.extend(_line(item) for item in self._batch[-NEWEST:])
        self._stored += len(self._batch)
        self._batch.clear()
        self._hold_back()

    def _store(self) -> dict[str, Any]:
        for attempt in range(TRIES):
            try:
                return take(self._log, self._batch, only_errors=True)
            except EventLog.DoesNotExist:
                raise SinkError("the log is gone") from None
            except OperationalError as error:
                if attempt == TRIES - 1:
                    raise SinkError(f"the database cannot take events: {error}") from error
                connections.close_all()
                time.sleep(PAUSE_S)
        raise AssertionError

    def _hold_back(self) -> None:
        """However fast the configuration asks for events, the others who use this database get their turn."""
        ahead_s = self._begin_s + self._stored / MAX_RATE - time.monotonic()
        while ahead_s > 0 and not self._surroundings.stopped():
            time.sleep(min(ahead_s, 0.1))
            ahead_s = self._begin_s + self._stored / MAX_RATE - time.monotonic()

    def close(self) -> None:
        self.idle()


def _line(item: Mapping[str, Any]) -> str:
    """An event as the page shows it."""
    return f"{item['at'][:19].replace('T', ' ')}  {item['case']}  {item['activity'][:80]}"


class Running:
    """A row's run. ``run`` returns when it has ended and the row says how; ``end`` ends it from a signal handler."""

    def __init__(self, row: Simulation) -> None:
        self._row = row
        self._remarks: deque[str] = deque(maxlen=REMARKS)
        self._sink = LogTable(row.log, case_prefix=f"s{row.pk}-")
        self._done = threading.Event()
        self._ended_by = ""
        checked = check(row.config, seed=row.seed, say=self._remarks.append)
        self._faults = checked.faults
        self._simulation = checked.run
        if self._simulation is not None:
            self._simulation.add_sink(self._sink)

    def end(self, reason: str) -> None:
        """End soon and cleanly."""
        self._ended_by = reason
        if self._simulation is not None:
            self._simulation.stop()

    def run(self) -> None:
        """Send events until the end; whatever happens is in the row afterwards."""
        if self._simulation is None:
            self._finish(Simulation.State.FAILED, "; ".join(fault.text for fault in self._faults))
            return
        if not self._rows().active().update(state=Simulation.State.RUNNING, heard_at=timezone.now()):
            return  # given up before we came
        teller = threading.Thread(target=self._tell, daemon=True)
        teller.start()
        error = ""
        try:
            self._simulation.run(count=self._row.count, rate=self._row.rate)
        except SimulatorError as failure:
            error = str(failure)
        except BaseException:
            self._finish(Simulation.State.FAILED, "An unexpected error ended the run; the server's output tells which.")
            raise
        finally:
            self._done.set()
            teller.join()
        if error:
            self._finish(Simulation.State.FAILED, error)
        elif self._ended_by:
            self._remarks.append(self._ended_by)
            self._finish(Simulation.State.STOPPED)
        else:
            self._finish(Simulation.State.FINISHED)

    def _rows(self) -> Any:
        return Simulation.objects.filter(pk=self._row.pk)

    def _tell(self) -> None:
        """Beside the run: write how far it is, and hear whether it is to stop."""
        sent, at_s = 0, time.monotonic()
        try:
            while not self._done.wait(TELL_S):
                now, now_s = self._sent(), time.monotonic()
                try:
                    stop_asked = self._rows().filter(stop_asked=True).exists()
                    told = (
                        self._rows()
                        .active()
                        .update(heard_at=timezone.now(), per_second=(now - sent) / (now_s - at_s), **self._progress())
                    )
                except OperationalError:
                    continue  # the database is busy: next time
                sent, at_s = now, now_s
                if stop_asked:
                    self.end("stopped")
                elif not told:
                    self.end("given up: the row was taken away")
        finally:
            connections.close_all()

    def _sent(self) -> int:
        return self._simulation.sent if self._simulation else 0

    def _progress(self) -> dict[str, Any]:
        return {
            "sent": self._sent(),
            "rejected": self._sink.rejected,
            "output": "\n".join([*self._remarks.copy(), *self._sink.newest.copy()]),
        }

    def _finish(self, state: Simulation.State, error: str = "") -> None:
        now = timezone.now()
        self._rows().active().update(
            state=state, error=error, ended_at=now, heard_at=now, per_second=0.0, **self._progress()
        )
