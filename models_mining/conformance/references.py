"""Reference models of a log: from a file, which a job reads, or frozen from a mined model; one may be active."""

from typing import IO, Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from foundation.errors import DomainError
from models_mining.core.conformance.references import RULES, UnfitError, checked
from models_mining.core.drawing.nets import Net, NetError
from models_mining.jobs import jobs
from models_mining.models import MinedModel, ReferenceModel
from streams.models import EventLog

MAX_SOURCE = 2 << 20  # bytes of a file


class FileError(DomainError):
    """These bytes are no text that could be a model."""

    code, status, text = "unreadable-model", 400, "{why}"


class TooLongError(FileError):
    """A file is longer than reference models may be."""

    code, status, text = "model-too-large", 413, "A reference model has at most {most} MiB."

    def __init__(self) -> None:
        super().__init__(most=MAX_SOURCE >> 20)


class UnfitModelError(DomainError):
    """A mined model that cannot be a reference model."""

    code, text = "unfit-model", "{why}"


class RefusedModelError(DomainError):
    """A reference model that was refused when it was read."""

    code, text = "refused-model", "{name} is refused: nothing can be checked against it."


class NotReadyError(DomainError):
    """A reference model that nothing can be aligned with, yet or ever."""

    code, text = "model-not-ready", "This reference model is {state}: there is nothing to align with."


def text_of(file: IO[bytes], field: str = "file") -> str:
    """Read the text of an uploaded file; raise FileError."""
    data = file.read(MAX_SOURCE + 1)
    if len(data) > MAX_SOURCE:
        raise TooLongError
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(field=field, why=f"This is not UTF-8: {error}.") from error
    if "\0" in text:
        raise FileError(field=field, why="This is not XML: it has a NUL in it.")
    return text


def upload(
    log: EventLog, name: str, kind: str, source: str, *, active: bool, owner: AbstractBaseUser
) -> ReferenceModel:
    """A reference model of a file's text; a worker reads it and finds whether it can be one."""
    with transaction.atomic():
        made = ReferenceModel(log=log, name=name, kind=kind, source=source)
        made.save()
        made.check_job = jobs.start("reference", log, {"reference": made.pk}, owner)
        made.save(update_fields=["check_job"])
        if active:
            activate(made)
    return made


def freeze(model: MinedModel, name: str, *, active: bool) -> ReferenceModel:
    """Make a reference model of the newest picture of ``model``; raise UnfitModelError where it cannot be one."""
    picture = model.picture
    if picture is None or not picture["nodes"]:
        raise UnfitModelError(why="This model has no picture yet: ask for it, and again when it is there.")
    drawing = {name: picture[name] for name in ("kind", "nodes", "edges", "remarks")}
    if model.algorithm not in RULES:
        if not model.definition:
            why = f"A model of the algorithm {model.algorithm} has no Petri net, and no rules"
            raise UnfitModelError(why=f"{why}: there is nothing to check cases against.")
        try:
            net = checked(Net.from_data(model.definition["net"]))
        except (UnfitError, NetError) as error:
            raise UnfitModelError(why=str(error)) from error
        drawing |= {"net": net.to_data(), "at": model.definition["at"]}
    with transaction.atomic():
        made = ReferenceModel.objects.create(
            log=model.log,
            name=name,
            kind=ReferenceModel.Kind.FROZEN,
            algorithm=model.algorithm,
            parameters=model.parameters,
            derived_seq=picture["derived_seq"],
            drawing=drawing,
            verdict=ReferenceModel.State.READY,
        )
        if active:
            activate(made)
    return made


def activate(reference: ReferenceModel) -> None:
    """Check the cases of its log against this one, and no other, once it is ready; raise RefusedModelError."""
    if reference.state == ReferenceModel.State.REFUSED:
        raise RefusedModelError(field="active", name=reference.name)
    with transaction.atomic():
        EventLog.objects.select_for_update().get(pk=reference.log_id)  # two at once: one after the other
        for other in ReferenceModel.objects.filter(log=reference.log_id, active=True).exclude(pk=reference.pk):
            deactivate(other)
        reference.active = True
        reference.save(update_fields=["active"])


def deactivate(reference: ReferenceModel) -> None:
    """Nothing is checked against it any more; the rows of its cases go."""
    reference.active, reference.epoch, reference.complete = False, "", False
    reference.save(update_fields=["active", "epoch", "complete"])


def rename(reference: ReferenceModel, name: str) -> None:
    """Give it another name."""
    reference.name = name
    reference.save(update_fields=["name"])  # the rest is not for people


def take_over(reference: int, drawing: dict[str, Any]) -> None:
    """The check has found it good."""
    _decide(reference, drawing=drawing, verdict=ReferenceModel.State.READY, complaint="")


def refuse(reference: int, complaint: str) -> None:
    """The check has found what is wrong with it; it stays to be looked at."""
    _decide(reference, verdict=ReferenceModel.State.REFUSED, complaint=complaint, active=False)


def _decide(reference: int, **fields: Any) -> None:
    row = ReferenceModel.objects.filter(pk=reference, verdict=ReferenceModel.State.CHECKING).first()
    if row is not None:
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=[*fields, "active"])  # who follows it looks again
