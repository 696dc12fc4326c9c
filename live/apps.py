from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "live"

    def ready(self) -> None:
        from streams.pages.tabs import add_tab

        add_tab(0, "log", "Live")
