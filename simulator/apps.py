"""The simulator as a Django app: it brings a command and no tables."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "simulator"
