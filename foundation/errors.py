"""Refusals of the domain, worded once and answered by every edge: API, pages, admin and commands."""

from typing import Any, ClassVar


class DomainError(Exception):
    """Say that an operation cannot be done, and why, to somebody who can do something about it.

    A subclass stands beside the service that raises it and sets ``code`` (a stable name for programs), ``status``
    (of HTTP) and ``text`` (a sentence with the parameters in braces). ``field`` is the field of the API that was given
    wrongly, where it is one.

    >>> class FullError(DomainError):
    ...     code, status, text = "shelf-full", 409, "The shelf {shelf} holds {most} boxes already."
    >>> error = FullError(shelf="A", most=3)
    >>> str(error), error.parameters
    ('The shelf A holds 3 boxes already.', {'shelf': 'A', 'most': 3})
    """

    code: str = "refused"
    status: ClassVar[int] = 409
    text: ClassVar[str] = "This conflicts with what is there."
    wait_s: ClassVar[float | None] = None  # after which it may work, for ``Retry-After``

    def __init__(self, *, field: str = "", **parameters: Any) -> None:
        super().__init__(self.text.format_map(parameters))
        self.field = field
        self.parameters = parameters
