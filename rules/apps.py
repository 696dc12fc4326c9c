from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from models_mining import parts
        from rules.notifiers import actions  # noqa: F401  registers `notify`
        from rules.notifiers.outbox import Outbox

        parts.register("outbox", Outbox)
