"""``loadTest``: the protocol against a recording stand-in, and timeframes played right here."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.config import load_config
from simulator.emission.load import ConstantLoad
from simulator.errors import ConfigError, SimulatorError, SinkError
from simulator.modes import load_test
from simulator.modes.load_test import LoadTest
from simulator.simulation import Simulation
from simulator.sinks import http
from simulator.sinks.test import ListSink
from simulator.world.event import Event
from tests.conftest import free_port
from tests.simulator.stand_in import StandIn, stand_in
from tests.simulator.worlds import COUNTED, LOAD, LOAD_TEST, PRESS, START, FakeClock, http_sink, sound_but

DRILL = PRESS.replace("Press", "Drill").replace("press,", "drill,")
BOTH = PRESS.replace("jam, transition: Press", "jam, transition: Drill")


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def test_as_many_registers_as_asked_come_before_one_start_and_the_others_after_it(
    tmp_path: Path, server: StandIn
) -> None:
    folder = sound_but(tmp_path, sink=http_sink(f"{server.url}/loadgenerator/"), simulation=LOAD_TEST)
    assert Simulation.load([folder], seed=1).run(count=36) == 42  # whole timeframes
    register, start = "/loadgenerator/register", "/loadgenerator/start"
    assert server.paths() == [register, register, start, register, register, register, register]
    assert (server.of("start")[0].body, server.of("start")[0].headers["Content-Length"]) == (b"", "0")
    bodies = [request.json for request in server.of("register")]
    assert {body["duration"] for body in bodies} == {100_000}
    assert [len(body["events"]) for body in bodies] == [7] * 6
    assert set(bodies[0]["events"][0]) == {"timestamp", "activity", "caseid", "node", "group"}


def test_registers_after_the_start_are_a_timeframe_apart(tmp_path: Path, server: StandIn) -> None:
    clock = FakeClock()
    moments: list[float] = []
    server.answer = lambda request: (moments.append(clock.now_s - 1_000), (200, {}))[1]  # type: ignore[func-returns-value]
    config = load_config([sound_but(tmp_path, sink=http_sink(server.url), simulation=LOAD_TEST)], counted=True)
    Simulation(config, seed=1, clock=clock).run(count=7 * 8)
    assert moments == pytest.approx([0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5])  # 2 ahead, start, one at once, then paced


def test_without_timeframes_ahead_the_start_comes_first(tmp_path: Path, server: StandIn) -> None:
    text = LOAD_TEST.replace("genTimeframesTilStart: 2", "")
    Simulation.load([sound_but(tmp_path, sink=http_sink(server.url), simulation=text)], seed=1).run(count=14)
    assert server.paths() == ["/start", "/register", "/register"]


def test_a_run_that_ends_early_is_started_all_the_same(tmp_path: Path, server: StandIn) -> None:
    Simulation.load([sound_but(tmp_path, sink=http_sink(server.url), simulation=LOAD_TEST)], seed=1).run(count=1)
    assert server.paths() == ["/register", "/start"]


def test_sinks_share_the_load_and_get_the_same_timeframes_also_empty_ones(tmp_path: Path) -> None:
    with stand_in() as press, stand_in() as drill:
        load = "{loadBehavior: sinus, mean: 0.5, amplitude: 1.6, phase: 2}"  # 2.1 0.5 -1.1 0.5
        text = LOAD_TEST.replace("{loadBehavior: constant, load: 7.9}", load)
        folder = sound_but(
            tmp_path,
            press=BOTH,
            drill=DRILL,
            sink=http_sink(press.url, "Press", more="timeframe: 20"),
            sink2=http_sink(drill.url, "Drill", more="timeframe: 20").replace("kept", "second"),
            simulation=text,
        )
        assert Simulation.load([folder], seed=1).run(count=20) == 20
        counts = [[len(request.json["events"]) for request in server.of("register")] for server in (press, drill)]
        assert len(press.of("start")) == len(drill.of("start")) == 1
    assert [sum(both) for both in zip(*counts, strict=True)] == [2, 0, 0, 0] * 9 + [2]
    assert sum(counts[0]) > 0 < sum(counts[1])


@pytest.mark.parametrize("spelling", ["loadtest", "load-test", "laod-test-sink", "loadTest"])
def test_the_timeframe_form_of_http_has_a_type_of_its_own(tmp_path: Path, server: StandIn, spelling: str) -> None:
    sink = http_sink(server.url).replace("type: http", f"type: {spelling}")
    Simulation.load([sound_but(tmp_path, sink=sink, simulation=LOAD_TEST)], seed=1).run(count=7)
    assert server.paths() == ["/register", "/start"]


@pytest.mark.parametrize("spelling", ["loadTest", "loadtest", "load-test", "laod-test", "LAOD_TEST"])
def test_the_simulation_type_is_read_in_all_its_spellings(tmp_path: Path, spelling: str) -> None:
    folder = sound_but(tmp_path, simulation=LOAD_TEST.replace("loadTest", spelling) + "      timeframe: 10\n")
    assert load_config([folder]).simulations[0].mode == LoadTest(ConstantLoad(7.9), ahead=2, timeframe_ms=10)


def test_the_timeframe_is_that_of_the_sink_and_else_that_of_the_simulation(tmp_path: Path) -> None:
    with stand_in() as own, stand_in() as without:
        folder = sound_but(
            tmp_path,
            sink=http_sink(own.url, more="timeframe: 20"),
            sink2=http_sink(without.url, more="").replace("kept", "second"),
            simulation=LOAD_TEST + "      timeframe: 30\n",
        )
        (warning,) = load_config([folder]).warnings
        Simulation.load([folder], seed=1).run(count=7)
        assert [server.of("register")[0].json["duration"] for server in (own, without)] == [20_000, 30_000]
    assert "differs between sinks (20, 30 ms)" in str(warning)


def test_a_load_backend_that_fails_ends_the_run_with_url_and_status(
    tmp_path: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PATIENCE", replace(http.PATIENCE, delays_s=(0.01, 0.02)))
    server.answer = lambda request: (500 if len(server.requests) > 1 else 200, {})
    folder = sound_but(tmp_path, sink=http_sink(f"{server.url}/b/"), simulation=LOAD_TEST)
    with pytest.raises(SinkError, match=rf"^{server.url}/b/register: status 500: .*, 3 times in a row$"):
        Simulation.load([folder], seed=1).run(count=70)
    first, *tries = server.requests
    assert len({request.headers["Idempotency-Key"] for request in tries}) == 1
    assert first.headers["Idempotency-Key"] != tries[0].headers["Idempotency-Key"]


def test_a_load_backend_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    folder = sound_but(tmp_path, sink=http_sink(url), simulation=LOAD_TEST)
    with pytest.raises(SinkError, match=rf"^{url}/register: cannot connect: Connection refused$"):
        Simulation.load([folder], seed=1).run(count=70)


# --- Played right here --------------------------------------------------------------


def played(folder: Path, simulation: str, *, count: int | None = None, **options: float) -> list[float]:
    """Moments, from the start, of the events that a sink of another type gets."""
    clock, moments = FakeClock(), list[float]()
    config = load_config([sound_but(folder, simulation=simulation)], counted=True)
    made = Simulation(config, seed=1, clock=clock)
    made.add_sink(lambda event: moments.append(clock.now_s - 1_000)).run(count=count, **options)
    return moments


def test_other_sinks_get_the_events_of_each_timeframe_evenly_spaced(tmp_path: Path) -> None:
    rising = "{loadBehavior: gradual, tickCount: 4, minimalLoad: 0, load: 4}"
    text = LOAD_TEST.replace("{loadBehavior: constant, load: 7.9}", rising) + "      timeframe: 100\n"
    moments = played(tmp_path, text, count=10)
    assert moments == pytest.approx([0, 0.1, 0.15, 0.2, 0.2 + 0.1 / 3, 0.2 + 0.2 / 3, 0.3, 0.325, 0.35, 0.375])


def test_an_empty_timeframe_is_silence(tmp_path: Path) -> None:
    wave = "{loadBehavior: sinus, mean: 0, amplitude: 1.5, phase: 2}"  # 1 0 -1 0
    text = LOAD_TEST.replace("{loadBehavior: constant, load: 7.9}", wave) + "      timeframe: 250\n"
    assert played(tmp_path, text, count=3) == pytest.approx([0, 1, 2])


def test_a_rate_replaces_the_load_also_where_it_is_no_whole_number_in_a_timeframe(tmp_path: Path) -> None:
    moments = played(tmp_path, LOAD_TEST + "      timeframe: 100\n", count=30, rate=4.0)
    assert len(moments) == 30
    assert moments[-1] == pytest.approx(30 / 4, abs=0.3)
    assert max(b - a for a, b in pairwise(moments)) <= 0.3 + 1e-6


def test_load_backends_are_ahead_of_the_sinks_that_are_played_to_and_all_get_the_same(
    tmp_path: Path, server: StandIn
) -> None:
    folder = sound_but(tmp_path, sink=http_sink(server.url, more="timeframe: 20"), simulation=LOAD_TEST)
    kept, registered = ListSink(), list[int]()

    def note(event: Event) -> None:
        registered.append(len(server.of("register")))

    assert Simulation.load([folder], seed=1).add_sink(kept).add_sink(note).run(count=28) == 28
    assert registered == [3] * 7 + [4] * 21  # two ahead and the one of this moment
    sent = [event for request in server.of("register") for event in request.json["events"]]
    assert [event.case for event in kept.events] == [event["caseid"] for event in sent]


def test_an_event_that_no_sink_wants_is_counted_in_a_load_test_too(tmp_path: Path, server: StandIn) -> None:
    said: list[str] = []
    folder = sound_but(tmp_path, press=BOTH, drill=DRILL, sink=http_sink(server.url), simulation=LOAD_TEST)
    Simulation.load([folder], seed=1, say=said.append).run(count=70)
    wanted = Counter(event["node"] for request in server.of("register") for event in request.json["events"])
    assert set(wanted) == {"Press"}
    assert said[-1] == f"events that no sink wanted: Drill {70 - wanted['Press']}"


def test_more_than_fits_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_test, "MAX_HELD", 20)
    with pytest.raises(SimulatorError, match="more than 20 events would wait in memory"):
        played(tmp_path, LOAD_TEST.replace("Start: 2", "Start: 9"), count=1000)
    with pytest.raises(SimulatorError, match="more than 20 events would wait in memory"):
        played(tmp_path, LOAD_TEST.replace("7.9", "1e9"))


# --- What is refused ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"sink": http_sink("http://x"), "simulation": COUNTED},
            "sink.yaml:5: spec: the sink 'kept' takes timeframes of a load test, and the simulation 'counted' in ",
        ),
        (
            {"sink": http_sink("http://x", more="").replace("type: http", "type: loadtest"), "simulation": COUNTED},
            "the sink 'kept' takes timeframes of a load test",
        ),
        (
            {"sink": http_sink("http://x", more="").replace("type: http", "type: loadtest"), "simulation": LOAD_TEST},
            "spec.timeframe: is missing, and the simulation 'counted' in ",
        ),
        ({"sink": http_sink("http://x", more=""), "simulation": LOAD_TEST}, "spec.timeframe: is missing"),
        (
            {"sink": http_sink("x", more=""), "simulation": COUNTED},
            "spec.url: is no URL to post to: the scheme is neither",
        ),
        (
            {"sink": http_sink("http://x", more="timeframe: 0"), "simulation": LOAD_TEST},
            "spec.timeframe: has a wrong value, got 0 (number), expected a number above 0",
        ),
        (
            {"sink": http_sink("x").replace("url: x", "uri: x"), "simulation": LOAD_TEST},
            "spec.url: is missing, expected http://",
        ),
        (
            {"simulation": LOAD_TEST.replace("Start: 2", "Start: -1")},
            "spec.genTimeframesTilStart: has a wrong value, got -1 (number), expected a whole number from 0 on",
        ),
        (
            {"simulation": LOAD_TEST + "      timeframe: -5\n"},
            "spec.timeframe: has a wrong value, got -5 (number), expected a number above 0",
        ),
        ({"simulation": LOAD_TEST.replace(LOAD, "")}, "spec.load: is missing, expected a mapping"),
    ],
)
def test_timeframes_that_fit_nothing_are_refused_when_loading(
    tmp_path: Path, changed: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config([sound_but(tmp_path, **changed)], counted=True)
    (line,) = str(caught.value).splitlines()
    assert expected in line


def test_a_load_test_without_any_timeframe_takes_a_second_and_says_so(tmp_path: Path) -> None:
    (warning,) = load_config([sound_but(tmp_path, simulation=LOAD_TEST)]).warnings
    assert "spec.timeframe: is missing, 1000 ms are taken" in str(warning)
    assert played(tmp_path, LOAD_TEST.replace("7.9", "1"), count=3) == pytest.approx([0, 1, 2])


def test_steps_in_a_load_test_are_ignored_without_a_word(tmp_path: Path) -> None:
    text = LOAD_TEST + "      steps: 1000\n      timeframe: 10\n"
    assert load_config([sound_but(tmp_path, start=START, simulation=text)]).warnings == ()
