"""What is not below /api/v1/: the form of an invitation, and the old name of reports."""

from django.urls import path

from sheets.prompts import form_page
from sheets.reports.report_api import ReportView

urlpatterns = [*form_page.urlpatterns, path("report.json", ReportView.as_view(schema=None), name="report-json")]
