"""API routes of notifiers and the outbox."""

from rest_framework.routers import SimpleRouter

from rules.notifiers.api import NotificationViewSet, NotifierViewSet

router = SimpleRouter(use_regex_path=False)
router.register("notifiers", NotifierViewSet)
router.register("notifications", NotificationViewSet)

urlpatterns = router.urls
