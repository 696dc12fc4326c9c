from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from foundation.processes import work_plugins
        from models_mining.pages import case_sections
        from rules.notifiers import actions  # noqa: F401  registers `notify`
        from rules.setup import signals  # noqa: F401  connects them

        case_sections.SECTIONS.add("rules.pages.case_matches.section")
        work_plugins.WORK_PLUGINS.add("rules.engine.worker.Rules")  # first: what they find leaves in the same turn
        work_plugins.WORK_PLUGINS.add("rules.notifiers.outbox.Outbox")
