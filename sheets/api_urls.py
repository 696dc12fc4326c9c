"""API routes of reports, sheets and answers."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sheets.reports.report_api import ReportView
from sheets.setup import api

router = SimpleRouter(use_regex_path=False)
router.register("sheets", api.SheetViewSet)
router.register("prompts", api.PromptViewSet)
router.register("answers", api.AnswerViewSet)
router.register("sheet-schedules", api.ScheduleViewSet)
router.register("report-mappings", api.MappingViewSet)

urlpatterns = [*router.urls, path("reports/", ReportView.as_view(), name="report")]
