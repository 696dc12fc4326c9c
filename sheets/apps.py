from django.apps import AppConfig


class SheetsConfig(AppConfig):
    name = "sheets"
    verbose_name = "Sheets"

    def ready(self) -> None:
        from foundation.processes import work_plugins
        from sheets.prompts import actions  # noqa: F401  registers `sheet`, and what completes invitations

        work_plugins.WORK_PLUGINS.add("sheets.prompts.scheduling.Schedules")
