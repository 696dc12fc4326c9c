"""API routes of rules and matches."""

from rest_framework.routers import SimpleRouter

from rules.setup import api

router = SimpleRouter(use_regex_path=False)
router.register("rules", api.RuleViewSet)
router.register("rule-matches", api.MatchViewSet)

urlpatterns = router.urls
