"""How apps add to what another app knows."""

import doctest

import pytest

from foundation import registry
from foundation.registry import ExtensionPoint, Registry, modules_of


def test_the_examples_of_the_documentation_hold() -> None:
    assert doctest.testmod(registry).failed == 0


def test_a_name_is_taken_once() -> None:
    sinks: Registry[int] = Registry("sink")
    sinks.register("console", "ui")(1)
    with pytest.raises(ValueError, match=r"^There are two of sink ui\.$"):
        sinks.register("log", "ui")(2)


def test_modules_are_imported_with_the_first_question() -> None:
    asked: list[str] = []

    def modules() -> list[str]:
        asked.append("asked")
        return ["tests.foundation.test_registry"]

    sinks: Registry[int] = Registry("sink", modules)
    assert asked == []
    with pytest.raises(LookupError, match=r"^There is no sink mqtt; there are none\.$"):
        sinks.find("mqtt")
    sinks.load()
    assert asked == ["asked"]


def test_the_modules_of_a_package_are_named() -> None:
    assert "simulator.sinks.mqtt" in modules_of("simulator.sinks")


def test_what_is_added_twice_is_there_once_and_imported_when_used() -> None:
    parts: ExtensionPoint[type] = ExtensionPoint()
    parts.add("collections.OrderedDict")
    parts.add("nowhere.Nothing")
    parts.add("collections.OrderedDict")
    with pytest.raises(ModuleNotFoundError):
        parts.all()
    parts = ExtensionPoint()
    parts.add("collections.OrderedDict")
    parts.add("collections.OrderedDict")
    assert [part.__name__ for part in parts.all()] == ["OrderedDict"]
