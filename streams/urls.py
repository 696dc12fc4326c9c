"""API routes of brokers and streams."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from streams.setup import api

router = SimpleRouter(use_regex_path=False)
router.register("brokers", api.BrokerViewSet)
router.register("streams", api.StreamViewSet)
router.register("republish", api.RepublishViewSet)

urlpatterns = [
    *router.urls,
    path("streams/<slug:slug>/rejections/", api.RejectionViewSet.as_view({"get": "list"}), name="rejection-list"),
    path(
        "streams/<slug:slug>/rejections/retry/",
        api.RejectionViewSet.as_view({"post": "retry_many"}, filterset_class=None),
        name="rejection-retry-many",
    ),
    path(
        "streams/<slug:slug>/rejections/<int:pk>/",
        api.RejectionViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="rejection-detail",
    ),
    path(
        "streams/<slug:slug>/rejections/<int:pk>/retry/",
        api.RejectionViewSet.as_view({"post": "retry"}, filterset_class=None),
        name="rejection-retry",
    ),
]
