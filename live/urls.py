"""Pages."""

from live.pages import connect, logs, rejections, simulate, stream_edit, streams, watch

urlpatterns = [
    *logs.urlpatterns,
    *watch.urlpatterns,
    *simulate.urlpatterns,
    *streams.urlpatterns,
    *stream_edit.urlpatterns,
    *rejections.urlpatterns,
    *connect.urlpatterns,
]
