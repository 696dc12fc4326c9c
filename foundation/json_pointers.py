"""JSON pointers (RFC 6901). Pure."""

from typing import Any

from foundation.numbers import whole_number


def step(token: object) -> str:
    """Return the end of a pointer that leads to a member or an item.

    >>> step("a/b~c")
    '/a~1b~0c'
    """
    return "/" + str(token).replace("~", "~0").replace("/", "~1")


def path_of(pointer: str) -> tuple[str, ...]:
    """Return the reference tokens of a pointer.

    >>> path_of("/order/a~1b~0c")
    ('order', 'a/b~c')
    """
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """Return what the tokens of a pointer lead to, or None.

    >>> value_at({"orders": [{"id": 7}]}, path_of("/orders/0/id"))
    7
    """
    for token in path:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and (index := whole_number(token)) is not None:
            value = value[index] if index < len(value) else None
        else:
            return None
    return value
