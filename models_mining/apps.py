from django.apps import AppConfig

TABS = (
    ("cases", "Cases"),
    ("variants", "Variants"),
    ("statistics-page", "Statistics"),
    ("conformance-page", "Conformance"),
    ("drift-page", "Drift"),
    ("predictions-page", "Predictions"),
)


class MiningConfig(AppConfig):
    name = "models_mining"
    verbose_name = "Models"

    def ready(self) -> None:
        from models_mining import checks  # noqa: F401  registers them
        from models_mining.mining import signals  # noqa: F401  connects them
        from streams.pages import arrivals
        from streams.pages.tabs import add_tab

        arrivals.COUNTED_BY.add("models_mining.cases.arrivals.minutes")
        for place, (route, word) in enumerate(TABS, start=1):
            add_tab(place, route, word)
