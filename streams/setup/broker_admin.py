"""Brokers in Django's admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from streams.brokers.registry import TEST_TIMEOUT_S, check_broker, test_connection
from streams.models import Broker
from streams.recording.health import of_broker
from streams.setup.forms import BrokerForm

LEVELS = {"ok": messages.SUCCESS, "warning": messages.WARNING, "unknown": messages.INFO}


@admin.register(Broker)
class BrokerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    form = BrokerForm
    list_display = ["name", "address", "tls", "state_now", "state_since", "last_error"]
    list_filter = ["state"]
    readonly_fields = [
        *("has_password", "state_now", "state_since", "last_error", "advice", "backlog", "lag_s", "reconnects"),
        *("last_failure", "last_failure_at"),
    ]
    fieldsets = [
        (None, {"fields": ["name", "kind", ("host", "port"), "tls", "ca", "protocol", "database"]}),
        ("Sign-in", {"fields": ["username", "has_password", "password", "forget_password", "sasl"]}),
        ("Connection", {"fields": ["state_now", "state_since", "last_error", "advice", "backlog", "lag_s"]}),
        ("Before", {"fields": ["reconnects", "last_failure", "last_failure_at"]}),
    ]
    actions = ["test", "find_losses"]

    @admin.display
    def address(self, broker: Broker) -> str:
        return f"{broker.host}:{broker.port}"

    @admin.display(description="state", ordering="state")
    def state_now(self, broker: Broker) -> str:
        return of_broker(broker).state

    @admin.display(description="what to do")
    def advice(self, broker: Broker) -> str:
        return of_broker(broker).advice

    @admin.display(boolean=True, description="password stored")
    def has_password(self, broker: Broker) -> bool:
        return bool(broker.password)

    @admin.action(description="Test connection", permissions=["change"])
    def test(self, request: HttpRequest, queryset: "QuerySet[Broker]") -> None:
        for broker in queryset:
            self._test(request, broker)

    @admin.action(description="Check what it may lose", permissions=["change"])
    def find_losses(self, request: HttpRequest, queryset: "QuerySet[Broker]") -> None:
        for broker in queryset:
            for finding in check_broker(broker):
                words = f"{broker}: {finding.about}: {finding.detail} {finding.advice}".strip()
                self.message_user(request, words, LEVELS[finding.level])

    def response_change(self, request: HttpRequest, obj: Broker) -> HttpResponse:
        if "_test" in request.POST:
            self._test(request, obj)
            return HttpResponseRedirect(request.path)
        return super().response_change(request, obj)

    def _test(self, request: HttpRequest, broker: Broker) -> None:
        broker.refresh_from_db()
        problem = test_connection(broker, TEST_TIMEOUT_S)
        if problem is None:
            self.message_user(request, f"{broker}: connected and signed in.", messages.SUCCESS)
        else:
            self.message_user(request, f"{broker}: {problem}", messages.ERROR)
