"""Health for monitors, the source for everybody (AGPL, section 13), the demo's sign-in link."""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.request import Request
from rest_framework.views import APIView

from foundation.http.renderers import OneForm
from procmine.serving import demo
from procmine.site import health, metrics
from procmine.site.archive import source_archive
from streams.access.logs import SeesAll
from streams.models import EventLog


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, else 503 that names what fails: database, migrations, channel layer."""
    failing = await health.failing()
    if failing:
        return JsonResponse({"status": "failing", "failing": failing}, status=503)
    return JsonResponse({"status": "ready"})


class Metrics(APIView):
    """What a Prometheus asks for, for those who may see every broker, stream and log (scope ``read``)."""

    permission_classes = [SeesAll]
    content_negotiation_class = OneForm
    schema = None  # it is beside the API, and its form is Prometheus's own

    def get(self, request: Request) -> HttpResponse:
        """The text format 0.0.4."""
        return HttpResponse(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


@require_safe
async def source(request: HttpRequest) -> HttpResponse:
    """The source of the running version as tar.gz, or where it is offered."""
    if settings.SOURCE_URL:
        return HttpResponseRedirect(settings.SOURCE_URL)
    name = f"procmine-{settings.VERSION}"
    return HttpResponse(
        await sync_to_async(source_archive)(),
        content_type="application/gzip",
        headers={"Content-Disposition": f'attachment; filename="{name}.tar.gz"'},
    )


@never_cache
@require_GET  # HEAD, as link previews send it, uses nothing up
def demo_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in as the demo user by the link that `manage.py serve --demo` printed, and show its log; it works once."""
    user = demo.redeem(token)
    if user is None:
        return render(request, "site/link_used.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    log = EventLog.objects.filter(name=demo.LOG).first()
    return redirect("log", log.slug) if log else redirect(settings.LOGIN_REDIRECT_URL)
