"""Below /api/v1/: each app's resources and the documents."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import APIRootView, SimpleRouter

from accounts.grant_api import GrantViewSet
from accounts.history_api import HistoryList
from accounts.token_api import Me, TokenViewSet
from procmine.api import schema  # noqa: F401  drf-spectacular finds what is imported

router = SimpleRouter(use_regex_path=False)
router.register("tokens", TokenViewSet)
router.register("logs/<slug:slug>/grants", GrantViewSet, basename="grant")

ROOT = {
    name: f"{name.removesuffix('s')}-list"
    for name in (
        *("brokers", "streams", "logs", "models", "references", "algorithms", "jobs", "simulations", "tokens"),
        *("rules", "notifiers", "notifications", "sheets", "prompts", "answers"),
    )
} | {
    "sheet-schedules": "schedule-list",
    "report-mappings": "reportmapping-list",
    "rule-matches": "rulematch-list",
    "history": "history",
    "me": "me",
    "schema": "schema",
    "docs": "docs",
}


class Root(APIRootView):
    """Where everything is. Errors are application/problem+json; the whole is described under docs."""

    api_root_dict = ROOT
    schema = None


urlpatterns = [
    path("", Root.as_view(), name="api-root"),
    path("", include("streams.urls")),
    path("", include("models_mining.urls")),
    path("", include("live.api_urls")),
    path("", include("rules.urls")),
    path("", include("rules.notifiers.urls")),
    path("", include("sheets.api_urls")),
    *router.urls,
    path("history/", HistoryList.as_view(), name="history"),
    path("me/", Me.as_view(), name="me"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
