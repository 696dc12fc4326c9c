from django.apps import AppConfig


class MiningConfig(AppConfig):
    name = "models_mining"
    verbose_name = "Models"

    def ready(self) -> None:
        from models_mining import checks  # noqa: F401  registers them
        from models_mining.mining import signals  # noqa: F401  connects them
        from streams.pages import arrivals

        arrivals.register("models_mining.cases.arrivals.minutes")
