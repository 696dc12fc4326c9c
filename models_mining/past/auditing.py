"""The central promise, checked on a real log: live models equal batch mining of the stored events."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

from foundation.progress import Progress, ignore
from models_mining.core.conformance.figures import figures
from models_mining.core.discovery import registry
from models_mining.core.discovery.pm4py_bridge.conformance import batch_figures
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, cases_in, closed_cases
from models_mining.core.replay import ExactReplay, TokenReplay
from models_mining.mining import rediscovery
from models_mining.mining.follow import serving
from models_mining.models import LogState, MinedModel, ReferenceModel
from models_mining.store import checkpoints, event_reader
from streams.models import EventLog


@dataclass
class Findings:
    """What the audit of one log looked at, and every difference it found, as sentences."""

    log: str
    events: int = 0
    models: int = 0
    differences: list[str] = field(default_factory=list)


def exact_live_algorithms() -> list[str]:
    """What is audited unless something else is asked for."""
    return [name for name, miner in registry.ALGORITHMS.items() if miner.exact and miner.cost == "live"]


class Audit:
    """One log, up to its last event at the start: pictures, the newest checkpoint, and mining from nothing."""

    def __init__(self, log: EventLog, algorithms: Collection[str], report: Progress = ignore) -> None:
        self.log, self.algorithms, self.report = log, algorithms, report
        log.refresh_from_db(fields=["next_seq", "retired_events"])
        self.upto = log.next_seq - 1
        self.models = list(MinedModel.objects.filter(log=log, algorithm__in=algorithms))
        self.settings = checkpoints.wanted(log, MinedModel.objects.filter(log=log).defer("picture"))
        self.rows = list(event_reader.in_order(log.pk, self.upto))
        self.findings = Findings(log.slug, events=self.upto)
        self._rows_at: dict[int, tuple[list[LoggedEvent], set[str]]] = {}

    def run(self) -> Findings:
        """Check all there is to check."""
        for model in self.models:
            if model.picture is not None:
                self.findings.models += 1
                self._compare(f"picture of model {model.pk}", model, model.picture, model.picture["derived_seq"])
        restored = self._from_checkpoint()
        if restored is not None:
            self._compare_live("checkpoint", restored)
        live = self._from_nothing()
        self._compare_live("from nothing", live)
        self._compare_conformance(live)
        if len(self.rows) + self.log.retired_events != self.upto:
            self.findings.differences.append(
                f"{len(self.rows)} events are stored and {self.log.retired_events} retired, numbered up to {self.upto}"
            )
        return self.findings

    def _from_checkpoint(self) -> LiveLog | None:
        live = checkpoints.nearest(self.log.pk, [found.key for found in serving(self.settings)], self.upto)
        if live is not None:
            tail = event_reader.CaseHistoryReader(self.log.pk)
            since = sorted(row for row in self.rows if row.seq > live.seq)
            for start in range(0, len(since), event_reader.CHUNK):
                event_reader.learn(live, since[start : start + event_reader.CHUNK], tail)
        return live

    def _from_nothing(self) -> LiveLog:
        pairs = any(registry.get(name).needs == "pairs" for name in self.algorithms)
        settings = replace(self.settings, track_pairs=self.settings.track_pairs or pairs)
        live, _ = rediscovery.from_nothing(
            self.log.pk, settings, self.upto, partial(self.report, f"log {self.log.slug}")
        )
        return live

    def _compare_live(self, what: str, live: LiveLog) -> None:
        """Every algorithm with its defaults, as far as this live log keeps what it needs and there is a model."""
        names = sorted(name for name in self.algorithms if live.track_pairs or registry.get(name).needs != "pairs")
        sets: list[CaseSet] = ["all", "closed"] if self.settings.track_closed else ["all"]
        for name, cases in product(names, sets):
            try:
                drawing = registry.derive(name, live, cases)
            except registry.NotDerivableError:
                continue
            self.findings.models += 1
            self._report(what, name, cases, drawing, self.upto, {})

    def _compare_conformance(self, live: LiveLog) -> None:
        """The figures of the active reference model, if it has a net: the newest point, and from nothing."""
        rows = ReferenceModel.objects.filter(log=self.log, active=True, verdict=ReferenceModel.State.READY)
        reference = rows.first()
        if reference is None or reference.drawing is None or "net" not in reference.drawing:
            return
        net = Net.from_data(reference.drawing["net"])
        told = [("from nothing", self.upto, figures(live, ExactReplay(net), TokenReplay(net)))]
        point = reference.points.filter(seq__lte=self.upto).order_by("-seq").first()
        if point is not None and LogState.objects.filter(log=self.log, epoch=reference.epoch).exists():
            told.append(("newest point", point.seq, point.values))
        for what, seq, found in told:
            if found["left_out"]:
                continue  # cases beyond the tree: not told of by these figures
            self.findings.models += 1
            batch = batch_figures(self._batch_rows(seq, "closed")[0], net)
            self.findings.differences += [
                f"{self.log.slug}, conformance with reference {reference.pk}, {what}, up to {seq}: "
                f"{name} is {found['pm4py'][name]} live, {value} in batch"
                for name, value in batch.items()
                if not _close(found["pm4py"][name], value)
            ]

    def _compare(self, what: str, model: MinedModel, picture: object, seq: int) -> None:
        cases: CaseSet = "closed" if model.cases == MinedModel.Cases.CLOSED else "all"
        self._report(what, model.algorithm, cases, picture, seq, model.parameters)

    def _report(
        self, what: str, algorithm: str, cases: CaseSet, value: object, seq: int, parameters: Mapping[str, Any]
    ) -> None:
        self.report(f"log {self.log.slug}, comparing", self.findings.models, unit="models")
        rows, closed = self._batch_rows(seq, cases)
        miner = registry.get(algorithm)
        if miner.audit is not None:
            self.findings.differences += [
                f"{self.log.slug}, {algorithm} over {cases} cases, {what}, up to {seq}: {difference}"
                for difference in miner.audit(value, rows, closed, miner.check(parameters))
            ]

    def _batch_rows(self, seq: int, cases: CaseSet) -> tuple[list[LoggedEvent], set[str]]:
        if seq not in self._rows_at:
            rows = [row for row in self.rows if row.seq <= seq]
            inside = cases_in(rows, self.settings.memory_cases, self.settings.memory_us)
            rows = [row for row in rows if row.case in inside]
            self._rows_at = {seq: (rows, closed_cases(rows, self.settings.end_activities, self.settings.idle_close_us))}
        rows, closed = self._rows_at[seq]
        return ([row for row in rows if row.case in closed] if cases == "closed" else rows), closed


def _close(ours: float | None, theirs: float | None) -> bool:
    """Whether they are equal but for rounding; where ours is not known, nothing is promised."""
    return ours is None or (theirs is not None and math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9))


def audit(logs: Iterable[EventLog], algorithms: Collection[str], report: Progress = ignore) -> Iterator[Findings]:
    """Audit one log after the other."""
    for log in logs:
        yield Audit(log, algorithms, report).run()
