"""API routes of logs, models, algorithms and jobs."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from models_mining.analysis import analysis_api
from models_mining.cases import case_api
from models_mining.conformance import alignment_api, reference_api
from models_mining.jobs.api import JobViewSet
from models_mining.logs import log_api, log_files
from models_mining.mined_models import model_api
from models_mining.mined_models.snapshot_api import SnapshotViewSet
from models_mining.past import past_api, selection_api
from models_mining.past.picture_api import PictureView

router = SimpleRouter(use_regex_path=False)
router.register("logs", log_api.LogViewSet, basename="log")
router.register("models", model_api.ModelViewSet, basename="model")
router.register("jobs", JobViewSet, basename="job")
router.register("references", reference_api.ReferenceViewSet, basename="reference")

urlpatterns = [
    *router.urls,
    path("logs/<slug:slug>/events/", log_api.EventList.as_view(), name="event-list"),
    path("logs/<slug:slug>/cases/", case_api.CaseList.as_view(), name="case-list"),
    path("logs/<slug:slug>/cases/<path:name>/", case_api.CaseDetail.as_view(), name="case-detail"),
    path("logs/<slug:slug>/variants/", case_api.VariantList.as_view(), name="variant-list"),
    path("logs/<slug:slug>/activities/", case_api.ActivityList.as_view(), name="activity-list"),
    path("logs/<slug:slug>/statistics/", case_api.StatisticsView.as_view(), name="statistics"),
    path("logs/<slug:slug>/import/", log_files.ImportList.as_view(), name="import-list"),
    path("logs/<slug:slug>/minutes/", case_api.MinuteList.as_view(), name="minute-list"),
    path("logs/<slug:slug>/export/", log_files.ExportView.as_view(), name="export"),
    path("logs/<slug:slug>/export/selection/", selection_api.SelectionExport.as_view(), name="export-selection"),
    path("logs/<slug:slug>/rejections/", log_files.LogRejectionList.as_view(), name="log-rejection-list"),
    path("logs/<slug:slug>/analysis/", analysis_api.AnalysisView.as_view(), name="analysis"),
    path("logs/<slug:slug>/drift/", analysis_api.DriftList.as_view(), name="drift-list"),
    path("logs/<slug:slug>/drift/<int:pk>/", analysis_api.DriftDetail.as_view(), name="drift-detail"),
    path("logs/<slug:slug>/predictions/", analysis_api.PredictionList.as_view(), name="prediction-list"),
    path("logs/<slug:slug>/predictions/<str:name>/", analysis_api.PredictionDetail.as_view(), name="prediction-detail"),
    path("logs/<slug:slug>/conformance/", reference_api.ConformanceView.as_view(), name="conformance"),
    path(
        "logs/<slug:slug>/conformance/cases/",
        reference_api.CaseConformanceList.as_view(),
        name="case-conformance-list",
    ),
    path(
        "logs/<slug:slug>/conformance/cases/<path:name>/",
        reference_api.CaseConformanceDetail.as_view(),
        name="case-conformance-detail",
    ),
    path(
        "models/<int:pk>/snapshots/", SnapshotViewSet.as_view({"get": "list", "post": "create"}), name="snapshot-list"
    ),
    path(
        "models/<int:pk>/snapshots/<int:number>/",
        SnapshotViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="snapshot-detail",
    ),
    path(
        "models/<int:pk>/snapshots/compare/",
        SnapshotViewSet.as_view({"get": "compare"}, pagination_class=None, filter_backends=[]),
        name="snapshot-compare",
    ),
    path("models/<int:pk>/picture/compare/", past_api.CompareView.as_view(), name="picture-compare"),
    path("models/<int:pk>/picture/replay/", past_api.ReplayView.as_view(), name="picture-replay"),
    path("models/<int:pk>/picture/selection/", selection_api.SelectionView.as_view(), name="picture-selection"),
    path("models/<int:pk>/alignment/", alignment_api.AlignmentView.as_view(), name="alignment"),
    path("models/<int:pk>/picture/", PictureView.as_view(), name="picture"),
    path("algorithms/", model_api.AlgorithmList.as_view(), name="algorithm-list"),
]
