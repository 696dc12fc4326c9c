from django.apps import AppConfig


class SheetsConfig(AppConfig):
    name = "sheets"
    verbose_name = "Sheets"

    def ready(self) -> None:
        from sheets import actions, scheduling  # noqa: F401  the first registers `sheet`

        scheduling.register()
