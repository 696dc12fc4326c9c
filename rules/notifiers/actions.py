"""The action ``notify``: ``{"notify": "ops", "text": "{case} waits"}`` tells a notifier of each match."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from foundation.access import User, holds
from rules.matches.actions import Action, ActionError, action
from rules.models import Notification, Notifier, RuleMatch
from rules.notifiers.enqueue import tell
from streams.models import EventLog

MATCHED = "org.procmine.rule.matched.v1"
DEFAULT_TEXT = "{rule}: {reason}"
_NAME = re.compile(r"\{(\w+)\}")
_LONGEST = 4000  # characters of a text, filled in


@action("notify")
class Notify(Action):
    """Tells a notifier, by its name; ``text`` may name ``{case}``, ``{rule}`` and what else `words_of` knows."""

    fields = {"text"}
    heading = "Tell"

    def check(self, action: Mapping[str, Any], log: EventLog, user: User | None) -> None:
        if user is not None and not holds(user, "rules.view_notifier"):
            raise ActionError("notify", "You may not use notifiers.")
        if not Notifier.objects.filter(name=action["notify"]).exists():
            raise ActionError("notify", f"There is no notifier called {action['notify'][:100]}.")

    def plan(self, match: RuleMatch, action: Mapping[str, Any]) -> None:
        notifier = Notifier.objects.filter(name=action["notify"]).first()
        if notifier is None:
            return
        tell(
            notifier,
            match.log,
            fill_in(action.get("text") or DEFAULT_TEXT, words_of(match)),
            kind=MATCHED,
            subject=match.case,
            data=data_of(match),
            match=match,
        )

    def choices(self, log: EventLog, user: User) -> list[tuple[str, str]]:
        if not holds(user, "rules.view_notifier"):
            return []
        return [(name, name) for name in Notifier.objects.values_list("name", flat=True)]

    def statuses(self, matches: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        rows = Notification.objects.filter(match__in=matches).select_related("notifier").defer("event").order_by("pk")
        for row in rows:
            if row.match_id is not None:
                found[row.match_id].append({"to": row.notifier.name, **row.told})
        return found


def words_of(match: RuleMatch) -> dict[str, Any]:
    """What a text may name in braces: the match's own fields, then what its rule found (`RuleMatch.context`)."""
    own = {
        "log": match.log.name,
        "rule": match.rule.name,
        "severity": match.severity,
        "case": match.case,
        "activity": match.activity,
        "seq": match.seq,
        "reason": match.reason,
        "at": match.at.isoformat() if match.at else "",
        "matched_at": match.matched_at.isoformat(),
    }
    return {**match.context, **own}


def fill_in(text: str, words: Mapping[str, Any]) -> str:
    """The text with the values of the names in braces; names that are not known stay as they are."""

    def value(found: "re.Match[str]") -> str:
        return str(words.get(found[1], found[0]))

    return _NAME.sub(value, text)[:_LONGEST]


def data_of(match: RuleMatch) -> dict[str, Any]:
    """The match as a CloudEvent's ``data``."""
    return {
        "id": match.pk,
        "rule": match.rule_id,
        "rule_name": match.rule.name,
        "rule_version": match.rule_version,
        "severity": match.severity,
        "log": match.log.slug,
        "case": match.case,
        "activity": match.activity,
        "seq": match.seq,
        "at": match.at.isoformat() if match.at else None,
        "matched_at": match.matched_at.isoformat(),
        "reason": match.reason,
        "context": match.context,
    }
