"""The guided form: a broker, a topic, what its messages say, the log they go to. Brokers are changed here too.

Nothing is kept between the steps but what stands in the form: the messages that were heard travel in it, signed.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from streams.access.logs import logs_of, may_feed
from streams.brokers.listening import LISTEN_S, Heard
from streams.brokers.registry import TEST_TIMEOUT_S, check_broker, test_connection
from streams.models import Broker, BrokerInUseError, Stream
from streams.pages.attempts import listened, no_turn
from streams.pages.messages import shown
from streams.pages.samples import packed, unpacked
from streams.pages.stream_rows import broker_rows
from streams.pages.streams import need
from streams.recording.previews import previews
from streams.setup import guessing
from streams.setup.forms import BrokerForm, StreamForm, TopicForm


def _may_connect(request: HttpRequest) -> None:
    """PermissionDenied unless this person may set up a stream into some log: what is heard is shown."""
    need(request, "add_stream", "view_broker")
    if not (may_feed(request.user, None, None) or logs_of(request.user, None, "ingest").exists()):
        raise PermissionDenied


@login_required
def connect(request: HttpRequest) -> HttpResponse:
    """Step 1: one of the brokers there are, or a new one, tested before it is saved."""
    _may_connect(request)
    need(request, *(["add_broker"] if request.method == "POST" else []))
    form = BrokerForm(request.POST or None)
    problem, tested = "", False
    if request.method == "POST" and form.is_valid():
        do = request.POST.get("do")
        if do != "anyway":
            problem = no_turn(request) or test_connection(form.instance, TEST_TIMEOUT_S) or ""
            tested = not problem
        if do == "anyway" or (tested and do == "save"):
            return redirect("connect-stream", form.save().pk)
    context = {
        "form": form,
        "brokers": broker_rows(request.user, archived=False),
        "problem": problem,
        "tested": tested,
    }
    return render(request, "streams/connect_broker.html", context)


@login_required
def broker(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a broker, test it, see what it may lose, delete it."""
    do = request.POST.get("do", "")
    need(request, "view_broker", "delete_broker" if do == "delete" else "change_broker")
    row = get_object_or_404(Broker, pk=pk)
    if do == "delete":
        return _deleted(request, row)
    context: dict[str, Any] = {"broker": row, "form": BrokerForm(instance=row), "has_password": bool(row.password)}
    if do in ("test", "check"):  # as it is saved
        problem = no_turn(request)
        if do == "test":
            context["problem"] = problem = problem or test_connection(row, TEST_TIMEOUT_S) or ""
            context["tested"] = not problem
        elif problem:
            context["problem"] = problem
        else:
            context["findings"] = [found for found in check_broker(row, quick=True) if found.about != "queue"]
    elif request.method == "POST":
        form = BrokerForm(request.POST, instance=row)
        if form.is_valid():
            form.save()
            messages.success(request, f"{row.name} is saved; its streams connect anew.")
            return redirect("streams")
        context["form"] = form
    return render(request, "streams/broker.html", context)


def _deleted(request: HttpRequest, row: Broker) -> HttpResponse:
    try:
        row.delete()
    except BrokerInUseError as error:
        messages.error(request, str(error))
        return redirect("broker", row.pk)
    messages.success(request, f"{row.name} is deleted.")
    return redirect("streams")


@login_required
def connect_stream(request: HttpRequest, pk: int) -> HttpResponse:
    """Steps 2 to 4: topic, first messages; format and mapping with what they give; log and name."""
    _may_connect(request)
    row = get_object_or_404(Broker, pk=pk)
    if request.method == "POST" and request.POST.get("do") in ("preview", "save"):
        return _reading(request, row)
    topic = TopicForm(request.POST or None, kind=row.kind)
    context: dict[str, Any] = {"broker": row, "form": topic, "listen_s": int(LISTEN_S)}
    if request.method == "POST" and topic.is_valid():
        given = topic.cleaned_data
        heard: list[Heard] = []
        if request.POST.get("do") == "listen":
            wanted = guessing.filter_of(row.kind, given["topic"])
            heard, problem = listened(request, row, wanted, given.get("partitions") or 1)
            if problem:
                return render(request, "streams/connect_topic.html", context | {"problem": problem})
            if not heard:
                return render(request, "streams/connect_topic.html", context | {"silent": wanted})
        return _guessed(request, row, given, heard)
    return render(request, "streams/connect_topic.html", context)


def _guessed(request: HttpRequest, row: Broker, given: dict[str, Any], heard: list[Heard]) -> HttpResponse:
    """The form as the messages suggest."""
    guess = guessing.guess(given["topic"], heard)
    stream = Stream(broker=row, topic=guess.topic, format=guess.format, mapping=guess.mapping, options=guess.options)
    if (partitions := given.get("partitions") or 1) > 1:
        stream.options["partitions"] = partitions
    name = next((level for level in guess.topic.split("/") if level.strip("+#")), row.name)
    wanted = {"into": "process" if guess.format == "mqtt-xes" else "new", "name": name, "new_log": name}
    form = StreamForm(stream=stream, user=request.user, initial=wanted)
    return _render_reading(request, row, form, heard, why=guess.why)


def _reading(request: HttpRequest, row: Broker) -> HttpResponse:
    heard = unpacked(request.POST.get("heard", ""), row.pk)
    form = StreamForm(request.POST, stream=Stream(broker=row), user=request.user)
    if form.is_valid() and request.POST.get("do") == "save" and (stream := form.save()) is not None:
        messages.success(request, f"{stream.name} records. Its first events appear here as they come.")
        return redirect("stream", stream.slug)
    return _render_reading(request, row, form, heard)


def _render_reading(
    request: HttpRequest, row: Broker, form: StreamForm, heard: list[Heard], why: list[str] | None = None
) -> HttpResponse:
    read = previews(form.stream, heard) if form.readable else None
    context = {
        "broker": row,
        "form": form,
        "why": why,
        "heard": packed(heard, row.pk),
        "fields": guessing.pointers(heard),
        "messages_seen": shown(read) if read is not None else None,
        "count": len(heard),
        "good": sum(one.event is not None for one in read or ()),
    }
    return render(request, "streams/connect_reading.html", context)


urlpatterns = [
    path("connect/", connect, name="connect"),
    path("connect/<int:pk>/", connect_stream, name="connect-stream"),
    path("brokers/<int:pk>/", broker, name="broker"),
]
