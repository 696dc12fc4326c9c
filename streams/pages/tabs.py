"""The tabs of a log's pages. Apps add theirs when they are ready; nothing of the web is imported here."""

_tabs: dict[str, tuple[int, str]] = {}  # by the name of the route: place and word


def add_tab(place: int, route: str, word: str) -> None:
    """Add a tab: ``route`` takes the slug of the log, tabs stand in the order of ``place``."""
    _tabs[route] = (place, word)


def tabs() -> list[tuple[str, str]]:
    """Return route and word of each tab, in order."""
    return [(route, word) for route, (_, word) in sorted(_tabs.items(), key=lambda tab: tab[1])]
