from django.apps import AppConfig


class CompositionConfig(AppConfig):
    name = "procmine"
    verbose_name = "Access"

    def ready(self) -> None:
        from procmine.api import schema  # noqa: F401  drf-spectacular finds what is imported
