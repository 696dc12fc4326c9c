from django.apps import AppConfig


class CompositionConfig(AppConfig):
    name = "procmine"
