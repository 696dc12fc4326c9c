"""Rules of topics and filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from streams.parsing import topics

LEVEL = st.sampled_from(["a", "b", "", "+", "$SYS"])
FILTER = st.builds(
    lambda levels, tail: "/".join(levels + tail), st.lists(LEVEL, min_size=1), st.sampled_from([[], ["#"]])
)
TOPIC = st.lists(st.sampled_from(["a", "b", "", "$SYS"]), min_size=1).map("/".join)


@given(FILTER, TOPIC)
def test_a_filter_matches_as_in_the_mqtt_client(filter_, topic):
    assert topics.matches(filter_, topic) == topic_matches_sub(filter_, topic)


@given(FILTER, FILTER, TOPIC)
def test_filters_that_share_a_topic_overlap(one, other, topic):
    assert topics.overlap(one, other) == topics.overlap(other, one)
    if topics.matches(one, topic) and topics.matches(other, topic):
        assert topics.overlap(one, other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a/#", "a", True),
        ("a/#", "b/#", False),
        ("a/+/c", "a/b/#", True),
        ("a/+", "a/b/c", False),
        ("#", "x/y", True),
        ("+/a", "b/+", True),
        ("a/b/#", "a/c/#", False),
        ("a", "a/+/#", False),
    ],
)
def test_overlap_is_told(one, other, expected):
    assert topics.overlap(one, other) is expected


@pytest.mark.parametrize("filter_", ["", "a/#/b", "a#", "a/b+", "a\0", "x" * 65_536])
def test_a_filter_no_broker_takes_is_refused(filter_):
    with pytest.raises(topics.TopicError):
        topics.check_filter(filter_)


@pytest.mark.parametrize("filter_", ["#", "+", "a", "a/+/#", "/", "+/+"])
def test_a_filter_of_the_standard_is_accepted(filter_):
    topics.check_filter(filter_)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_survives_as_a_topic_level(text):
    level = topics.escape_level(text)
    assert not set(level) & set("/+#\0")
    assert topics.unescape_level(level, "percent") == text
