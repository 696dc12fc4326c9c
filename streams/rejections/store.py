"""Refused messages and rows of files: the newest are kept, so that garbage sent for a year fills no disk."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.db import transaction

from streams.models import Rejection

_Source = tuple[str, int]  # the column that tells where it is from, and its value


class Refused:
    """Writes rejections; of each stream, and of each file, the newest ``PROCMINE_REJECTIONS`` stay.

    Counters tell of all of them. Older ones go after a commit: at first, and each time a tenth of the bound has come;
    so there are at most a tenth and a batch more, and a batch costs what it did.
    """

    def __init__(self) -> None:
        self._since: dict[_Source, int] = {}  # written since older ones were dropped

    def keep(self, rejections: Sequence[Rejection]) -> None:
        """Write them, in the transaction that is open."""
        Rejection.objects.bulk_create(rejections)
        step = max(1, settings.REJECTIONS // 10)
        for source, number in Counter(map(_source, rejections)).items():
            since = self._since.get(source, step) + number
            if since >= step:
                since = 0
                # Not inside: whoever retries holds rows of this table while it waits for the log that we hold.
                transaction.on_commit(partial(drop_older, source), robust=True)
            self._since[source] = since


def _source(rejection: Rejection) -> _Source:
    if rejection.stream_id is not None:
        return "stream", rejection.stream_id
    return "imported", rejection.imported_id or 0


def drop_older(source: _Source) -> None:
    """Delete all but the newest."""
    rows = Rejection.objects.filter(**dict([source])).order_by("-id")
    newest_too_old = rows.values_list("id", flat=True)[settings.REJECTIONS : settings.REJECTIONS + 1].first()
    if newest_too_old is not None:
        rows.filter(id__lte=newest_too_old).delete()
