from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from models_mining import parts
        from rules import signals  # noqa: F401  connects them
        from rules.notifiers import actions  # noqa: F401  registers `notify`

        parts.register("rules.engine.Rules")  # first: what they find leaves in the same turn
        parts.register("rules.notifiers.outbox.Outbox")
