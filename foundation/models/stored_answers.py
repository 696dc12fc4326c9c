"""The table of answers that are kept for requests with an ``Idempotency-Key``, see `foundation.http.idempotency`."""

from django.db import models


class StoredAnswer(models.Model):
    """The answer to a request that named a key; none yet: it is under way."""

    key = models.CharField(max_length=64, primary_key=True)  # hash of token, path and the caller's key
    request = models.CharField(max_length=64)  # hash of what was sent
    claim = models.CharField(max_length=16)  # of whoever is at it
    began_at = models.DateTimeField(db_index=True)
    answer = models.BinaryField(null=True)  # compressed JSON

    def __str__(self) -> str:
        return self.key
