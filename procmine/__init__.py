"""procmine: live process mining. This package composes the apps and holds no rule of the domain."""

__version__ = "0.1.0"
