"""API routes of simulations, and of models as files."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from live.socket.document_api import AsyncApi
from models_mining.mined_models.export_api import ModelExport
from models_mining.mined_models.places_api import PlacesView
from simulations.api import SimulationViewSet

router = SimpleRouter(use_regex_path=False)
router.register("simulations", SimulationViewSet)

urlpatterns = [
    *router.urls,
    path("asyncapi.yaml", AsyncApi.as_view(), name="asyncapi"),
    path("models/<int:pk>/export/", ModelExport.as_view(), name="model-export"),
    path("models/<int:pk>/places/", PlacesView.as_view(), name="model-places"),
]
