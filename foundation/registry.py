"""How apps add to what another app knows: named things where they are defined, or a path that is imported when used."""

import pkgutil
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(dict[str, T]):
    """Things by name. ``word`` is what one is called; ``modules`` register them, and are imported once asked for.

    >>> colours: Registry[int] = Registry("colour")
    >>> colours.register("red", "rouge")(0xFF0000)
    16711680
    >>> colours.find("rouge") == colours.find("red")
    True
    >>> colours.find("blue")
    Traceback (most recent call last):
        ...
    LookupError: There is no colour blue; there are red, rouge.
    """

    def __init__(self, word: str, modules: Callable[[], Iterable[str]] = tuple) -> None:
        super().__init__()
        self._word = word
        self._modules = modules
        self._loaded = False

    def register(self, *names: str) -> Callable[[T], T]:
        """Decorate what these names mean; raise ValueError for a name that is taken."""

        def add(thing: T) -> T:
            for name in names:
                if name in self:
                    raise ValueError(f"There are two of {self._word} {name}.")
                self[name] = thing
            return thing

        return add

    def load(self) -> "Registry[T]":
        """Import the modules that register things, and return all of them."""
        if not self._loaded:
            for module in self._modules():
                import_module(module)
            self._loaded = True
        return self

    def find(self, name: str) -> T:
        """Return what ``name`` means; raise LookupError, which names those there are."""
        if name not in self.load():
            raise LookupError(f"There is no {self._word} {name}; there are {', '.join(sorted(self)) or 'none'}.")
        return self[name]


def modules_of(package: str) -> list[str]:
    """Return the names of the modules directly in a package."""
    return [module.name for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}.")]


class ExtensionPoint(Generic[T]):
    """What apps above add when they are ready: by path, as ``app.module.name``, so that only who uses it imports it."""

    def __init__(self) -> None:
        self._paths: list[str] = []

    def add(self, path: str) -> None:
        """Add what ``path`` names, once."""
        if path not in self._paths:
            self._paths.append(path)

    def all(self) -> list[T]:
        """Import and return all that was added, in that order."""
        return [pkgutil.resolve_name(path) for path in self._paths]
