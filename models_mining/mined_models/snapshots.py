"""Snapshots: pictures of a model that somebody kept."""

from django.contrib.auth.models import User

from foundation.errors import DomainError
from models_mining.mined_models.pictures import snapshot
from models_mining.models import MinedModel, Snapshot

MOST = 100  # of a model


class NothingToKeepError(DomainError):
    """The model has no picture yet."""

    code, text = "no-picture", "The model {model} has no picture yet: there is nothing to keep."


class TooManySnapshotsError(DomainError):
    """As many snapshots are kept of the model as may be."""

    code, text = "too-many-snapshots", "{most} snapshots of this model are kept; delete one that is not needed."


class OtherEpochError(DomainError):
    """Two snapshots whose nodes are not numbered alike."""

    code = "other-epoch"
    text = "The model was mined anew between the two, or its parameters changed. See picture/compare/."


def keep(model: MinedModel, name: str, user: User) -> Snapshot:
    """Keep the picture of the model as it is now; raise NothingToKeepError or TooManySnapshotsError."""
    if model.picture is None:
        raise NothingToKeepError(model=model.pk)
    if model.snapshots.count() >= MOST:
        raise TooManySnapshotsError(most=MOST)
    return Snapshot.objects.create(
        model=model,
        name=name,
        algorithm=model.algorithm,
        parameters=model.parameters,
        cases=model.cases,
        picture=snapshot(model.picture),
        seq=model.seq,
        created_by=user,
    )
