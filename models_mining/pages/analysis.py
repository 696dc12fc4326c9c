"""Whether a log is analysed on its way, which conformance, drift and predictions need: said and switched on pages."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from models_mining.models import Analysis
from streams.access.logs import logs_of
from streams.models import EventLog
from streams.pages.log_pages import log_or_404

PAGES = ("conformance-page", "drift-page", "predictions-page")


@dataclass(frozen=True)
class Progress:
    """How far a log is analysed: up to event ``seq`` of ``last_seq``."""

    enabled: bool
    seq: int
    last_seq: int

    @property
    def behind(self) -> int:
        """Events that have not been looked at; few of them are no news."""
        return max(0, self.last_seq - self.seq)


def analysis_of(log: EventLog) -> Progress:
    """How far the analysis of a log is; it is on unless somebody has switched it off."""
    row = Analysis.objects.filter(log=log).values("enabled", "seq").first()
    return Progress(row is None or row["enabled"], row["seq"] if row else 0, log.next_seq - 1)


def may_change(request: HttpRequest, log: EventLog) -> bool:
    """Whether this person may change what belongs to the log."""
    return logs_of(request.user, None, "change").filter(pk=log.pk).exists()


def changeable_or_404(request: HttpRequest, slug: str) -> EventLog:
    """The log of this slug; PermissionDenied if it may be seen only."""
    log = log_or_404(request, slug)
    if not may_change(request, log):
        raise PermissionDenied
    return log


@login_required
@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch the analysis of a log on or off; later it goes on where it stopped."""
    log = changeable_or_404(request, slug)
    row, _ = Analysis.objects.defer("state").get_or_create(log=log)
    row.switch(on=request.POST.get("enabled") == "1")
    page = request.POST.get("page", "")
    return redirect(reverse(page if page in PAGES else PAGES[0], args=[log.slug]))


urlpatterns = [path("logs/<slug:slug>/analysis/", switch, name="analysis-switch")]
