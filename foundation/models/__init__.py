"""Tables without a domain."""

from foundation.models.leases import Lease
from foundation.models.registered import SetUp
from foundation.models.stored_answers import KeptAnswer

__all__ = ["KeptAnswer", "Lease", "SetUp"]
