"""Names for things that are one file each: a new one is a new file, nothing else changes."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """What the modules of one package register, by name; they are imported when first asked for."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._known: dict[str, T] = {}
        self._complete = False

    def register(self, *names: str) -> Callable[[T], T]:
        """Decorator: this is what these names mean."""

        def add(thing: T) -> T:
            self._known.update(dict.fromkeys(names, thing))
            return thing

        return add

    def all(self) -> dict[str, T]:
        """Everything by name."""
        if not self._complete:
            for module in pkgutil.iter_modules(import_module(self._package).__path__, f"{self._package}."):
                import_module(module.name)
            self._complete = True
        return self._known
