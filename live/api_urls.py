"""API routes of simulations, and of models as files."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from live.api import SimulationViewSet
from live.document_api import AsyncApi
from live.export_api import ModelExport
from live.places_api import PlacesView

router = SimpleRouter(use_regex_path=False)
router.register("simulations", SimulationViewSet)

urlpatterns = [
    *router.urls,
    path("asyncapi.yaml", AsyncApi.as_view(), name="asyncapi"),
    path("models/<int:pk>/export/", ModelExport.as_view(), name="model-export"),
    path("models/<int:pk>/places/", PlacesView.as_view(), name="model-places"),
]
