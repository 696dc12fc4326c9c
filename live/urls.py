"""Pages."""

from live.pages import live_view, start_page
from models_mining.pages import analysis, cases, conformance, drift, predictions, statistics, variants
from rules.pages import matches, notifiers, rule_edit, rules
from sheets.pages import sheet_edit, sheet_schedules, sheets
from simulations import pages
from streams.pages import connect, rejections, stream_edit, streams

urlpatterns = [
    *start_page.urlpatterns,
    *live_view.urlpatterns,
    *pages.urlpatterns,
    *cases.urlpatterns,
    *variants.urlpatterns,
    *statistics.urlpatterns,
    *streams.urlpatterns,
    *stream_edit.urlpatterns,
    *rejections.urlpatterns,
    *connect.urlpatterns,
    *analysis.urlpatterns,
    *conformance.urlpatterns,
    *drift.urlpatterns,
    *predictions.urlpatterns,
    *sheet_edit.urlpatterns,  # before sheets/<slug>/
    *sheets.urlpatterns,
    *sheet_schedules.urlpatterns,
    *rules.urlpatterns,
    *rule_edit.urlpatterns,
    *matches.urlpatterns,
    *notifiers.urlpatterns,
]
