from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from models_mining import parts
        from rules import signals  # noqa: F401  connects them
        from rules.engine import Rules
        from rules.notifiers import actions  # noqa: F401  registers `notify`
        from rules.notifiers.outbox import Outbox

        parts.register("rules", Rules)  # first: what they find leaves in the same turn
        parts.register("outbox", Outbox)
