"""Where somebody put the boxes of a map."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from streams.models import EventLog


def test_places_on_a_map_are_one_s_own_kept_and_forgotten(
    api: APIClient, with_token: Callable[..., APIClient], user_who: Callable[..., User], log: EventLog
) -> None:
    path = f"/api/v1/models/{log.models.get().pk}/places/"
    assert api.get(path).json() == {"places": {}}
    given = {"places": {"a:Pack": [120.5, -40.0], "start": [0.0, 10.0]}}
    assert api.put(path, given).json() == given
    assert api.put(path, {"places": {"a:Pack": [1, 2]}}).status_code == 200
    assert api.get(path).json() == {"places": {"a:Pack": [1.0, 2.0]}}

    other = with_token("read", "control", user=user_who("view_eventlog"))
    assert other.get(path).json() == {"places": {}}
    assert other.put(path, given).status_code == 200  # to arrange one's own map, seeing it is enough
    assert api.get(path).json() == {"places": {"a:Pack": [1.0, 2.0]}}

    assert api.delete(path).status_code == 204
    assert api.get(path).json() == {"places": {}}
    assert other.get(path).json() == given


def test_what_no_map_can_have_is_refused(api: APIClient, log: EventLog) -> None:
    path = f"/api/v1/models/{log.models.get().pk}/places/"
    wrong: list[Any] = [{"a": [1]}, {"a": [1, 2, 3]}, {"a": ["x", 1]}, {"a": [1e9, 0]}, {"a": 3}, {"a" * 401: [0, 0]}]
    wrong += [{"a\0": [0, 0]}, {str(n): [0, 0] for n in range(1001)}, ["a"], None]
    for places in wrong:
        answer = api.put(path, {"places": places})
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json"), places
    assert api.put("/api/v1/models/999999/places/", {"places": {}}).status_code == 404
    assert api.get(path).json() == {"places": {}}
