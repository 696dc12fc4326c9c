"""API routes of logs, models, algorithms and jobs."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from models_mining import alignment_api, api, log_files, past_api
from models_mining.jobs.api import JobViewSet

router = SimpleRouter(use_regex_path=False)
router.register("logs", api.LogViewSet, basename="log")
router.register("models", api.ModelViewSet, basename="model")
router.register("jobs", JobViewSet, basename="job")

urlpatterns = [
    *router.urls,
    path("logs/<slug:slug>/events/", api.EventList.as_view(), name="event-list"),
    path("logs/<slug:slug>/import/", log_files.ImportList.as_view(), name="import-list"),
    path("logs/<slug:slug>/export/", log_files.ExportView.as_view(), name="export"),
    path("logs/<slug:slug>/rejections/", log_files.LogRejectionList.as_view(), name="log-rejection-list"),
    path("models/<int:pk>/picture/compare/", past_api.CompareView.as_view(), name="picture-compare"),
    path("models/<int:pk>/alignment/", alignment_api.AlignmentView.as_view(), name="alignment"),
    path("models/<int:pk>/picture/", api.PictureView.as_view(), name="picture"),
    path("algorithms/", api.AlgorithmList.as_view(), name="algorithm-list"),
]
