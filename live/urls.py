"""Pages."""

from live.pages import (
    analysis,
    cases,
    conformance,
    connect,
    drift,
    logs,
    predictions,
    rejections,
    sheets,
    simulate,
    statistics,
    stream_edit,
    streams,
    variants,
    watch,
)

urlpatterns = [
    *logs.urlpatterns,
    *watch.urlpatterns,
    *simulate.urlpatterns,
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
    *sheets.urlpatterns,
]
