"""API routes of brokers and streams."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from streams import api

router = SimpleRouter(use_regex_path=False)
router.register("brokers", api.BrokerViewSet)
router.register("streams", api.StreamViewSet)

urlpatterns = [
    *router.urls,
    path("streams/<slug:slug>/rejections/", api.RejectionList.as_view(), name="rejection-list"),
]
