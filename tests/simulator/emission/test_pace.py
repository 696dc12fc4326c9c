"""Loads and pacing, on a clock that the tests own: what is counted never depends on the machine."""

from collections import Counter
from math import pi, sin

import pytest

from simulator.emission.load import ConstantLoad, GradualLoad, Load, SinusLoad
from simulator.emission.pace import Gate, Pacer, Player, Schedule
from tests.simulator.worlds import FakeClock


def sent_within(load: Load, seconds: float, clock: FakeClock, *, stall_at: int = -1, stall_s: float = 0) -> list[float]:
    """Moments (from the start) of the events that leave within so many seconds."""
    said: list[str] = []
    begin_s, moments = clock.now_s, list[float]()

    def over() -> bool:
        return clock.now_s - begin_s >= seconds

    pacer = Pacer(load, Gate(clock=clock, say=said.append, stopped=over, idle=lambda: None))
    while pacer.wait():
        if not over():
            moments.append(clock.now_s - begin_s)
        if len(moments) == stall_at:
            clock.now_s += stall_s
    return moments


def busiest(moments: list[float], window_s: float) -> int:
    """Most events in one window."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= window_s - 1e-9:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("rate", [0.3, 1, 7, 10, 1_000])
def test_a_stream_is_exact_evenly_spaced_and_begins_at_once(rate: float) -> None:
    moments = sent_within(ConstantLoad(rate), 60, FakeClock())
    assert len(moments) == pytest.approx(60 * rate, abs=1)
    assert moments[0] == 0
    assert all(moment == pytest.approx(number / rate, abs=1e-6) for number, moment in enumerate(moments))


def test_a_stream_does_not_drift_over_a_day() -> None:
    schedule = Schedule(ConstantLoad(3))
    due = [at_s for at_s, is_event in (schedule.next() for _ in range(4 * 86_400)) if is_event]
    assert len(due) == 3 * 86_400
    assert due[-1] == pytest.approx(86_400 - 1 / 3, abs=1e-6)


def test_no_load_is_silence_and_can_be_stopped() -> None:
    assert sent_within(ConstantLoad(0), 30, FakeClock()) == []


def test_a_load_below_zero_counts_as_zero_for_that_tick() -> None:
    moments = sent_within(SinusLoad(mean=0, amplitude=10, phase=5), 10, FakeClock())
    per_second = Counter(int(moment) for moment in moments)
    assert sum(per_second[second] for second in (5, 6, 7, 8, 9)) == 0
    assert per_second[2] == pytest.approx(10 * sin(3 * pi / 5), abs=1)


def test_a_stall_is_made_up_for_without_a_burst() -> None:
    moments = sent_within(ConstantLoad(1_000), 10, FakeClock(), stall_at=500, stall_s=0.3)
    assert len(moments) == pytest.approx(10_000, rel=0.01)
    assert busiest(moments, 0.010) <= 14


def test_a_stall_longer_than_a_second_is_written_off() -> None:
    moments = sent_within(ConstantLoad(100), 30, FakeClock(), stall_at=200, stall_s=5)
    assert len(moments) == pytest.approx(2_500, abs=10)
    assert busiest(moments, 0.1) <= 13


def test_a_machine_too_slow_says_so_once_in_ten_seconds_and_goes_on() -> None:
    said: list[str] = []
    clock = FakeClock(work_s=0.005)  # two readings an event: at most 100 events a second
    end_s = clock.now_s + 35
    gate = Gate(clock=clock, say=said.append, stopped=lambda: clock.now_s > end_s, idle=lambda: None)
    pacer = Pacer(ConstantLoad(1_000), gate)
    sent = 0
    while pacer.wait():
        sent += 1
    assert sent == pytest.approx(3_500, rel=0.05)
    assert len(said) in (3, 4)
    assert said[1].startswith("cannot keep up: asked for 1,000 events/s, sending about ")


def test_a_load_no_machine_can_keep_does_not_hang() -> None:
    clock = FakeClock(work_s=0.01)
    end_s = clock.now_s + 5
    gate = Gate(clock=clock, say=lambda text: None, stopped=lambda: clock.now_s > end_s, idle=lambda: None)
    pacer = Pacer(ConstantLoad(1e12), gate)
    while pacer.wait():
        pass
    assert clock.now_s > end_s


def test_sinks_may_write_out_before_a_long_wait_and_not_before_short_ones() -> None:
    idle: list[float] = []
    for rate in (2, 1_000):
        clock = FakeClock()
        take_note = lambda rate=rate: idle.append(rate)  # type: ignore[misc]  # noqa: E731
        gate = Gate(clock=clock, say=lambda text: None, stopped=lambda: False, idle=take_note)
        pacer = Pacer(ConstantLoad(rate), gate)
        for _ in range(10):
            pacer.wait()
    assert set(idle) == {2}


def test_the_values_of_a_sinus_are_those_of_its_formula() -> None:
    load = SinusLoad(mean=20, amplitude=5, phase=4)
    values = [load.at_tick(k) for k in range(1, 9)]
    root = 5 / 2**0.5
    assert values == pytest.approx([20 + root, 25, 20 + root, 20, 20 - root, 15, 20 - root, 20])


def test_a_gradual_load_rises_in_a_line_and_stays() -> None:
    load = GradualLoad(tick_count=4, minimal_load=10, load=50)
    assert [load.at_tick(k) for k in range(1, 7)] == [20, 30, 40, 50, 50, 50]


def test_a_gradual_load_may_fall() -> None:
    load = GradualLoad(tick_count=2, minimal_load=10, load=4)
    assert [load.at_tick(k) for k in range(1, 5)] == [7, 4, 4, 4]


# --- Timeframes ---------------------------------------------------------------------


def a_player(clock: FakeClock, said: list[str] | None = None) -> Player:
    say = [].append if said is None else said.append
    return Player(Gate(clock=clock, say=say, stopped=lambda: False, idle=lambda: None))


def moments_of(player: Player, clock: FakeClock, *timeframes: tuple[int, float], stall_s: float = 0) -> list[float]:
    """Moments of the events of timeframes (events, seconds), with a stall in the first event of each."""
    begin_s, moments = clock.now_s, list[float]()
    for events, length_s in timeframes:
        player.wait()
        for number in player.play(range(events), length_s):
            moments.append(clock.now_s - begin_s)
            clock.now_s += stall_s if number == 0 else 0
    player.wait()
    moments.append(clock.now_s - begin_s)
    return moments


def test_a_timeframe_is_played_evenly_and_an_empty_one_is_silence() -> None:
    clock = FakeClock()
    moments = moments_of(a_player(clock), clock, (2, 1.0), (0, 0.5), (4, 0.2))
    assert moments == pytest.approx([0, 0.5, 1.5, 1.55, 1.6, 1.65, 1.7])


def test_timeframes_do_not_drift_over_a_day() -> None:
    clock = FakeClock()
    assert moments_of(a_player(clock), clock, *[(3, 10.0)] * 8_640)[-1] == pytest.approx(86_400, abs=1e-3)


def test_a_short_stall_is_made_up_for_within_the_timeframes() -> None:
    clock = FakeClock()
    player = a_player(clock)
    moments = moments_of(player, clock, *[(100, 1.0)] * 4, stall_s=0.1)
    assert moments[-1] == pytest.approx(4)
    assert len(moments) == 401
    assert player.written_off_s == 0
    assert busiest(moments, 0.1) <= 13


def test_a_long_stall_moves_what_follows_and_leaves_nothing_out() -> None:
    clock, said = FakeClock(), list[str]()
    player = a_player(clock, said)
    moments = moments_of(player, clock, *[(10, 1.0)] * 2, stall_s=5)
    assert len(moments) == 21
    assert moments[-1] == pytest.approx(2 + player.written_off_s)
    assert 9 < player.written_off_s <= 10
    assert busiest(moments, 1.0) <= 13
    assert said[0].startswith("cannot keep up: asked for 10 events/s")


def test_a_timeframe_that_comes_late_begins_when_it_comes() -> None:
    clock = FakeClock()
    player = a_player(clock)
    moments_of(player, clock, (1, 1.0))
    clock.now_s += 7
    player.resume()
    assert moments_of(player, clock, (2, 1.0)) == pytest.approx([0, 0.5, 1])
