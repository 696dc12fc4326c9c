"""What a load backend has to tell: what was asked, what was sent, how late, and when there was nothing to play."""

from dataclasses import dataclass


@dataclass(slots=True)
class Figures:
    """Counts since the start. Rates are those of timeframes that have been played to their end."""

    registered_timeframes: int = 0
    registered_events: int = 0
    refused_bad: int = 0
    refused_full: int = 0
    played_timeframes: int = 0
    sent: int = 0
    asked_events: int = 0  # of the finished timeframes
    asked_s: float = 0.0  # how long they should have taken
    taken_s: float = 0.0  # how long they took
    late_s: float = 0.0  # of the newest event, against its moment
    most_late_s: float = 0.0
    written_off_s: float = 0.0  # by which everything was moved because it was too late to make up for
    dry_times: int = 0
    dry_s: float = 0.0

    def finished(self, events: int, asked_s: float, taken_s: float) -> None:
        """One timeframe was played to its end."""
        self.played_timeframes += 1
        self.asked_events += events
        self.asked_s += asked_s
        self.taken_s += taken_s

    def left(self, late_s: float, written_off_s: float) -> None:
        """One event left."""
        self.sent += 1
        self.late_s, self.written_off_s = late_s, written_off_s
        self.most_late_s = max(self.most_late_s, late_s)

    @property
    def asked_per_s(self) -> float:
        return self.asked_events / self.asked_s if self.asked_s else 0.0

    @property
    def sent_per_s(self) -> float:
        return self.asked_events / self.taken_s if self.taken_s else 0.0

    def as_json(self) -> dict[str, object]:
        """The figures as the status page has them."""
        return {
            "registered": {"timeframes": self.registered_timeframes, "events": self.registered_events},
            "refused": {"bad": self.refused_bad, "full": self.refused_full},
            "played": {"timeframes": self.played_timeframes, "events": self.sent},
            "asked_per_s": round(self.asked_per_s, 3),
            "sent_per_s": round(self.sent_per_s, 3),
            "late_ms": {"newest": round(self.late_s * 1000, 1), "most": round(self.most_late_s * 1000, 1)},
            "written_off_s": round(self.written_off_s, 3),
            "dry": {"times": self.dry_times, "seconds": round(self.dry_s, 3)},
        }

    def lines(self) -> list[str]:
        """The final report."""
        report = [
            f"registered {self.registered_events:,} events in {self.registered_timeframes:,} timeframes",
            f"sent {self.sent:,} events, the latest {self.most_late_s * 1000:,.1f} ms after its moment",
            f"asked {self.asked_per_s:,.1f} events/s, sent {self.sent_per_s:,.1f} events/s",
        ]
        if self.written_off_s:
            report.append(f"could not keep up: everything moved by {self.written_off_s:,.1f} s in all")
        if self.dry_times:
            report.append(f"ran dry {self.dry_times:,} times, for {self.dry_s:,.1f} s in all")
        if self.refused_bad or self.refused_full:
            report.append(f"refused: {self.refused_bad:,} wrong, {self.refused_full:,} for want of room")
        return report
