"""Sheets, invitations, answers, schedules and mappings as JSON."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from foundation.http.requests import CheckedSerializer
from rules.models import Notifier
from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.models.sheets import TTL_S
from sheets.prompts.prompts import invite, link_of
from sheets.questions.questions import COUNT, FEWEST, MOST
from streams.access.logs import seen_by
from streams.models import EventLog


class ChangedLog(serializers.SlugRelatedField[EventLog]):
    """A log that whoever asks may see; what is made of it asks whether he may change it."""

    def get_queryset(self) -> "QuerySet[EventLog]":
        return seen_by(self.context["request"])

    def to_internal_value(self, data: Any) -> EventLog:
        log = super().to_internal_value(data)
        if not seen_by(self.context["request"], "change").filter(pk=log.pk).exists():
            raise PermissionDenied(f"You may see the log {log.slug}, but not change what belongs to it.")
        return log


class ChangedSheet(serializers.SlugRelatedField[Sheet]):
    """A sheet of a log that whoever asks may change."""

    def get_queryset(self) -> "QuerySet[Sheet]":
        return Sheet.objects.filter(log__in=seen_by(self.context["request"]))

    def to_internal_value(self, data: Any) -> Sheet:
        sheet = super().to_internal_value(data)
        if not seen_by(self.context["request"], "change").filter(pk=sheet.log_id).exists():
            raise PermissionDenied(f"You may see the sheet {sheet.slug}, but invite nobody to it.")
        return sheet


class UsableNotifier(serializers.SlugRelatedField[Notifier]):
    """A notifier that may be used in the request."""

    queryset = Notifier.objects.all()

    def get_queryset(self) -> "QuerySet[Notifier]":
        return Notifier.objects.usable_by(self.context["request"].user)


class SheetSerializer(CheckedSerializer):
    """A form; `questions` as docs/sheets.md says. Changing what is asked makes a new version."""

    log = ChangedLog(slug_field="slug", queryset=EventLog.objects.all())
    questions = serializers.ListField(
        child=serializers.DictField(),
        min_length=FEWEST,
        max_length=MOST,
        error_messages={"min_length": COUNT, "max_length": COUNT},
    )

    class Meta:
        model = Sheet
        fields = [
            *("slug", "name", "log", "label", "intro", "activity", "questions", "ttl_s", "a_day", "gap_s", "enabled"),
            "version",
        ]
        read_only_fields = ["version"]


class PromptSerializer(serializers.ModelSerializer[Prompt]):
    """An invitation. Its link is told to those who may send events to the log: it lets them do no more."""

    sheet = ChangedSheet(slug_field="slug", queryset=Sheet.objects.all())
    log = serializers.SlugRelatedField(slug_field="slug", read_only=True)  # type: ignore[var-annotated]
    version = serializers.IntegerField(source="version.version", read_only=True)
    ttl_s = serializers.IntegerField(write_only=True, required=False, min_value=TTL_S[0], max_value=TTL_S[1])
    via = UsableNotifier(slug_field="name", write_only=True, required=False, allow_null=True)
    state = serializers.ChoiceField(Prompt.State.choices, read_only=True)
    url = serializers.SerializerMethodField(help_text="Null once it has ended, or where it is not for you.")

    class Meta:
        model = Prompt
        fields = [
            *("id", "sheet", "version", "log", "case", "respondent", "state", "match", "seq", "created_at"),
            *("expires_at", "url", "ttl_s", "via"),
        ]
        read_only_fields = ["match", "seq", "created_at", "expires_at"]

    def get_url(self, prompt: Prompt) -> str | None:
        path = link_of(prompt) if prompt.log_id in self._fed else None
        return path and self.context["request"].build_absolute_uri(path)

    @cached_property
    def _fed(self) -> set[int]:
        return set(seen_by(self.context["request"], "ingest").values_list("pk", flat=True))

    def create(self, given: dict[str, Any]) -> Prompt:
        return invite(**given)


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    """What somebody answered; it is the event `seq` of the log."""

    sheet = serializers.CharField(source="prompt.sheet.slug", read_only=True)
    version = serializers.IntegerField(source="prompt.version.version", read_only=True)
    log = serializers.SlugRelatedField(slug_field="slug", read_only=True)  # type: ignore[var-annotated]
    case = serializers.CharField(source="prompt.case", read_only=True)
    respondent = serializers.CharField(source="prompt.respondent", read_only=True)
    answers = serializers.DictField(read_only=True)

    class Meta:
        model = Answer
        fields = ["id", "prompt", "sheet", "version", "log", "case", "respondent", "answers", "at", "seq"]
        read_only_fields = fields


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
class LocalTime(serializers.TimeField):
    """A time of the day in a zone that is told elsewhere, as 09:30; what OpenAPI calls a time has a zone of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **options)


class ScheduleSerializer(CheckedSerializer):
    """When respondents are invited: by `cron`, or `times` a day at random between `begins` and `ends`."""

    sheet = ChangedSheet(slug_field="slug", queryset=Sheet.objects.all())
    respondents = serializers.ListField(child=serializers.CharField(max_length=255), min_length=1, max_length=200)
    begins = LocalTime(required=False)
    ends = LocalTime(required=False)
    via = UsableNotifier(slug_field="name", required=False, allow_null=True)

    class Meta:
        model = Schedule
        fields = [
            *("id", "sheet", "respondents", "cron", "times", "begins", "ends", "days", "time_zone", "via", "enabled"),
            *("done_until", "missed"),
        ]
        read_only_fields = ["done_until", "missed"]


class MappingSerializer(CheckedSerializer):
    """Which app reports into which log, and which property is the case."""

    log = ChangedLog(slug_field="slug", queryset=EventLog.objects.all())

    class Meta:
        model = ReportMapping
        fields = ["id", "client", "log", "case", "names"]
