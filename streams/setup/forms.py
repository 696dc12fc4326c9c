"""Forms of brokers and streams, for the admin and the pages: the rules are the rows' own, each mistake at its field."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from foundation.access import User, holds
from foundation.encryption import encrypt
from streams.access.logs import logs_of
from streams.models import Broker, EventLog, Stream
from streams.parsing import topics
from streams.parsing.options import CHOICES, MAPPED, MAX_PARTITIONS, MAX_POINTER, TIMES, check_mapping, check_options
from streams.setup import guessing
from streams.setup.registration import save_stream

_TIME_WORDS = {"accept": "take it as it is", "refuse": "refuse the message", "clamp": "take the moment of arrival"}
_ESCAPE_WORDS = {"none": "not at all", "percent": "percent: %2F for /", "words": "words: “ PLUS ”, “ DASH ”"}
_POINTERS = {  # field of the form → field of the mapping, label
    "map_case": ("case", "Case"),
    "map_activity": ("activity", "Activity"),
    "map_at": ("at", "Time"),
    "map_id": ("id", "Event id"),
    "map_process": ("process", "Process"),
    "map_attributes": ("attributes", "Attributes"),
}
_OPTIONS = ("escapes", "future", "ancient", "oldest", "time_zone", "retained", "process", "partitions")
_SELDOM = (*("map_process", "map_attributes"), *_OPTIONS[1:])


class BrokerForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """The password is taken and never given."""

    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Empty keeps the stored one, unless host, port or TLS change: then it is forgotten.",
    )
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
    )
    forget_password = forms.BooleanField(required=False, help_text="Sign in without a password from now on.")

    class Meta:
        model = Broker
        fields = ["name", "kind", "host", "port", "tls", "ca", "username", "password", "protocol", "database", "sasl"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("password"):
            given["password"] = encrypt(given["password"])
        else:
            given["password"] = "" if given.get("forget_password") else self.instance.password
        return given


class TopicForm(forms.Form):
    """Where to listen, before anything is known of what comes."""

    topic = forms.CharField(max_length=1000, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}))
    partitions = forms.IntegerField(required=False, min_value=1, max_value=MAX_PARTITIONS)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind != Broker.Kind.REDIS:
            del self.fields["partitions"]

    def clean_topic(self) -> str:
        """A topic filter (MQTT), a key (Redis) or a topic (Kafka)."""
        topic: str = self.cleaned_data["topic"].strip()
        try:
            topics.check_name(self.kind, topic)
            topics.check_filter(guessing.filter_of(self.kind, topic))
        except topics.TopicError as error:
            raise ValidationError(str(error)) from error
        return topic


class ReadingForm(forms.Form):
    """Topic, format, mapping and options of a stream: what its messages are and how they are read."""

    topic = forms.CharField(max_length=1000)
    qos = forms.TypedChoiceField(label="QoS", coerce=int, choices=[(0, "0"), (1, "1"), (2, "2")], initial=1)
    format = forms.ChoiceField(choices=Stream.Format.choices, initial=Stream.Format.MQTT_XES)
    escapes = forms.ChoiceField(
        label="Names in topics are escaped", choices=list(_ESCAPE_WORDS.items()), required=False
    )
    future = forms.ChoiceField(label="A time in the future", choices=list(_TIME_WORDS.items()), required=False)
    ancient = forms.ChoiceField(label="A time long ago", choices=list(_TIME_WORDS.items()), required=False)
    oldest = forms.CharField(label="Long ago is before", required=False, max_length=40)
    time_zone = forms.CharField(label="Time zone, where a time names none", required=False, max_length=60)
    retained = forms.BooleanField(label="Take retained messages too", required=False)
    process = forms.CharField(label="Only this process", required=False, max_length=255)
    partitions = forms.IntegerField(required=False, min_value=1, max_value=MAX_PARTITIONS)

    def __init__(self, *args: Any, stream: Stream, **kwargs: Any) -> None:
        self.stream = stream
        self.kind = stream.broker.kind
        kwargs["initial"] = _initial(stream) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        for name, (_, label) in _POINTERS.items():
            where = forms.TextInput(attrs={"list": "fields-seen", "autocomplete": "off", "spellcheck": "false"})
            self.fields[name] = forms.CharField(label=label, required=False, max_length=MAX_POINTER, widget=where)
        unfit = {"mqtt": ["partitions"], "redis": ["qos", "retained", "process"]}
        for name in unfit.get(self.kind, ["qos", "retained", "process", "partitions"]):
            del self.fields[name]

    @property
    def common(self) -> list[forms.BoundField]:
        """What every stream of another format than MQTT-XES has to say."""
        return [self[name] for name in _POINTERS if name not in _SELDOM]

    @property
    def seldom(self) -> list[forms.BoundField]:
        """What most streams leave as it is."""
        return [self[name] for name in _SELDOM if name in self.fields]

    @property
    def unusual(self) -> bool:
        """Whether one of those says something, or something is wrong with it."""
        usual = ("", None, False, "accept")
        return any(bound.errors or bound.value() not in usual for bound in self.seldom)

    @property
    def readable(self) -> bool:
        """Whether messages can be read as it says now, whatever else is wrong."""
        try:
            check_mapping(self.stream.format, self.stream.mapping)
            check_options(self.stream.format, self.stream.options)
            topics.check_filter(self.stream.filter)
        except (ValidationError, topics.TopicError):
            return False
        return True

    def clean(self) -> dict[str, Any]:
        """The stream's own rules; `stream` is then as the form says, not saved."""
        given: dict[str, Any] = super().clean() or {}
        self.stream.topic = given.get("topic", "")
        self.stream.format = given.get("format", "")
        if "qos" in self.fields:
            self.stream.qos = given.get("qos", 1)
        xes = self.stream.format == Stream.Format.MQTT_XES
        self.stream.mapping = {} if xes else _mapping(given)
        self.stream.options = _options(given, xes=xes)
        self.finish(given)
        if not self.errors:
            try:
                self.stream.clean()
            except ValidationError as error:
                self._add(error)
        return given

    def finish(self, given: dict[str, Any]) -> None:
        """What a form that knows more puts into the stream before its rules are asked."""

    def _add(self, error: ValidationError) -> None:
        for name, messages in error.message_dict.items():
            for message in messages:
                where, words = self._place(name, message)
                self.add_error(where, words)

    def _place(self, name: str, message: str) -> tuple[str | None, str]:
        """The field a rule speaks of: those of mapping and options begin with its name."""
        field, colon, words = message.partition(": ")
        shown = {"mapping": f"map_{field}", "options": field}.get(name)
        if colon and shown in self.fields:
            return shown, words[:1].upper() + words[1:]
        return (name if name in self.fields else None), message


class StreamForm(ReadingForm):
    """All of a stream: also its name, and the log its events go to."""

    name = forms.CharField(max_length=255)
    into = forms.ChoiceField(label="Its events go", widget=forms.RadioSelect)
    log = forms.ModelChoiceField(
        queryset=EventLog.objects.none(), to_field_name="slug", required=False, empty_label="Choose a log"
    )
    new_log = forms.CharField(label="Its name", max_length=255, required=False)

    def __init__(self, *args: Any, user: User, stream: Stream, **kwargs: Any) -> None:
        super().__init__(*args, stream=stream, **kwargs)
        self.user = user
        self.fed = _fed(user)
        kept = stream.log if stream.pk else None
        choices = [("log", "into a log there is")] if self.fed.exists() else []
        if holds(user, "streams.add_eventlog") and holds(user, "streams.ingest_eventlog"):
            choices.append(("new", "into a new log"))
        if holds(user, "streams.ingest_eventlog"):
            choices.append(("process", "into a log for each process name"))
        if kept is not None and not self.fed.filter(pk=kept.pk).exists():
            choices = [("kept", f"into {kept.slug}, as before")]  # not his to change
        self.fields["into"].choices = choices  # type: ignore[attr-defined]
        if choices and self.initial.get("into") not in dict(choices):
            self.initial["into"] = choices[0][0]
        self.fields["log"].queryset = self.fed  # type: ignore[attr-defined]
        self.opened = ""  # the name of a log that is opened when the stream is saved

    def finish(self, given: dict[str, Any]) -> None:
        """Name and log."""
        self.stream.name = given.get("name", "")
        match given.get("into"):
            case "log":
                self.stream.log = given.get("log")
                if given.get("log") is None and "log" not in self.errors:
                    self.add_error("log", "Choose a log.")
            case "new":
                self._finish_new(given)
            case "process":
                self.stream.log = None

    def _finish_new(self, given: dict[str, Any]) -> None:
        self.opened = given.get("new_log", "")
        self.stream.log = EventLog(name=self.opened, slug="new")
        if not self.opened:
            self.add_error("new_log", "Give the new log a name.")
        elif EventLog.objects.filter(name=self.opened).exists():
            self.add_error("new_log", "There is a log of this name already.")

    def save(self) -> Stream | None:
        """Store the stream and open its log; None, with the mistakes at their fields, where its rules forbid it now."""
        names = ["name", "topic", "qos", "format", "mapping", "options", *([] if self.opened else ["log"])]
        values = {name: getattr(self.stream, name) for name in names}
        try:
            return save_stream(self.stream, self.user, new_log=self.opened, **values)
        except ValidationError as error:
            self._add(error)
            return None

    def _place(self, name: str, message: str) -> tuple[str | None, str]:
        if name == "log" and self.cleaned_data.get("into") != "log":
            return "into", message
        return super()._place(name, message)


def _fed(user: User) -> "QuerySet[EventLog]":
    return logs_of(user, None, "ingest").filter(archived_at=None).order_by("name")


def _initial(stream: Stream) -> dict[str, Any]:
    values: dict[str, Any] = {"topic": stream.topic, "qos": stream.qos, "format": stream.format, "name": stream.name}
    values |= {f"map_{name}": stream.mapping.get(name, "") for name in MAPPED}
    values |= {name: stream.options[name] for name in _OPTIONS if name in stream.options}
    if stream.pk:
        values |= {"into": "log" if stream.log_id else "process", "log": stream.log and stream.log.slug}
    return values


def _mapping(given: Mapping[str, Any]) -> dict[str, str]:
    return {field: given[name] for name, (field, _) in _POINTERS.items() if given.get(name)}


def _options(given: Mapping[str, Any], *, xes: bool) -> dict[str, Any]:
    """Only what differs from what holds without it."""
    usual = {"escapes": CHOICES["escapes"][0], "future": TIMES[0], "ancient": TIMES[0], "partitions": 1}
    options = {name: given[name] for name in _OPTIONS if given.get(name) and given[name] != usual.get(name)}
    if not xes:
        options.pop("escapes", None)
        options.pop("process", None)
    return options
