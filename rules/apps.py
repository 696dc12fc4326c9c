from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from foundation.processes import work_plugins
        from rules.notifiers import actions  # noqa: F401  registers `notify`
        from rules.setup import signals  # noqa: F401  connects them

        work_plugins.register("rules.engine.worker.Rules")  # first: what they find leaves in the same turn
        work_plugins.register("rules.notifiers.outbox.Outbox")
