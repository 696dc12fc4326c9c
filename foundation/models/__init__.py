"""Tables without a domain."""

from foundation.models.leases import Lease
from foundation.models.registered import RegisteredRow
from foundation.models.stored_answers import StoredAnswer

__all__ = ["Lease", "RegisteredRow", "StoredAnswer"]
