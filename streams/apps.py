from django.apps import AppConfig


class StreamsConfig(AppConfig):
    name = "streams"
    verbose_name = "Streams and logs"

    def ready(self) -> None:
        from streams.setup import signals  # noqa: F401  connects them
