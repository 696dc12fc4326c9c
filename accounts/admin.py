"""The admin as a whole, and API tokens in it: made once, shown once, revoked; neither secret nor hash is shown."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import people  # noqa: F401  registers users and groups
from accounts.grants import save_grant
from accounts.models import Token
from accounts.tokens import DAYS, MAX_DAYS, create_token
from foundation.access import SCOPES
from streams.access.log_admin import LogChoices, OfLogs
from streams.access.logs import logs_of
from streams.models import EventLog, LogGrant

admin.site.site_header = admin.site.site_title = "procmine"
admin.site.index_title = "Set up"


class TokenForm(forms.Form):
    """What a new token is for."""

    user = forms.ModelChoiceField(User.objects.filter(is_active=True))
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple
    )
    logs = forms.ModelMultipleChoiceField(
        EventLog.objects.all(), required=False, help_text="The only logs it opens; none: all of its user."
    )
    days = forms.IntegerField(min_value=1, max_value=MAX_DAYS, initial=DAYS, help_text="It expires after these.")


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """A token's key in its table is its hash, so no link of this list carries the key: they carry its public name."""

    list_display = ["name", "user", "scope_names", "log_names", "created", "expiry", "last_used_at", "revoke"]
    list_display_links = None
    list_filter = ["user"]
    list_select_related = ["user"]
    actions = None

    @admin.display(description="token")
    def name(self, token: Token) -> str:
        return f"pm_{token.name}_…"

    @admin.display(description="scopes")
    def scope_names(self, token: Token) -> str:
        return ", ".join(token.scopes)

    @admin.display(description="logs")
    def log_names(self, token: Token) -> str:
        names = ", ".join(log.slug for log in token.logs.all())
        return (names or "none that is left") if token.limited else "all of its user"

    @admin.display(description="")
    def revoke(self, token: Token) -> SafeString:
        return format_html('<a href="{}">Revoke</a>', reverse("admin:accounts_token_revoke", args=[token.name]))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("logs")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None and super().has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("add/", view(self.make), name="accounts_token_add"),
            path("<slug:name>/revoke/", view(self.confirm_revoke), name="accounts_token_revoke"),
            path("", view(self.changelist_view), name="accounts_token_changelist"),
        ]

    def make(self, request: HttpRequest) -> HttpResponse:
        """Make a token and show it, in this answer only: not by a redirect, whose message would lie in a cookie."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None)
        user = cast("User", request.user)
        logs: Any = form.fields["logs"]
        logs.queryset = logs_of(user) | logs_of(user, None, "ingest")
        text = None
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            if given["user"] != request.user and not request.user.is_superuser:
                raise PermissionDenied  # a token may do what its user may do
            token, text = create_token(given["user"], given["scopes"], given["logs"], given["days"])
            self._note(request, token, ADDITION)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Make a token", "form": form}
        return TemplateResponse(request, "admin/accounts/token/make.html", {**context, "token": text})

    def confirm_revoke(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask, then revoke."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        token = Token.objects.filter(token_key__startswith=f"pm_{name}_").first()
        if token is None:
            raise Http404("There is no such token.")
        if request.method == "POST":
            self._note(request, token, DELETION)
            token.delete()
            self.message_user(request, f"The token pm_{name}_… is revoked.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:accounts_token_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Revoke a token",
            "token": token,
        }
        return TemplateResponse(request, "admin/accounts/token/revoke.html", {**context, "name": name})

    def _note(self, request: HttpRequest, token: Token, action: int) -> None:
        LogEntry.objects.create(
            user=cast("User", request.user),
            content_type=ContentType.objects.get_for_model(Token),
            object_id=None,  # the stock entry would keep the hash
            object_repr=f"pm_{token.name}_… of {token.user}",
            action_flag=action,
        )


@admin.register(LogGrant)
class LogGrantAdmin(OfLogs):
    """Single logs opened to single users and groups, beside what the permissions of the model open."""

    list_display = ["log", "user", "group", "can_view", "can_ingest", "can_change", "can_delete"]
    list_filter = [("log", LogChoices), "user", "group"]
    list_select_related = ["log", "user", "group"]
    autocomplete_fields = ["user", "group"]

    def save_model(self, request: HttpRequest, obj: LogGrant, form: Any, change: bool) -> None:
        save_grant(obj, request.user)
