"""API routes of simulations."""

from rest_framework.routers import SimpleRouter

from live.api import SimulationViewSet

router = SimpleRouter(use_regex_path=False)
router.register("simulations", SimulationViewSet)

urlpatterns = router.urls
