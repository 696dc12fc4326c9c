from django.apps import AppConfig


class SheetsConfig(AppConfig):
    name = "sheets"
    verbose_name = "Sheets"

    def ready(self) -> None:
        from models_mining import parts
        from sheets import actions  # noqa: F401  registers `sheet`, and what completes invitations

        parts.register("sheets.scheduling.Schedules")
