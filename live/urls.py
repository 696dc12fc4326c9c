"""Pages."""

from live.pages import logs, simulate, watch

urlpatterns = [*logs.urlpatterns, *watch.urlpatterns, *simulate.urlpatterns]
