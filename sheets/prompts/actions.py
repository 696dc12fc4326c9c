"""The action ``sheet``: ``{"sheet": "delay-reason"}`` asks about the case of a match."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from foundation.access import User, holds
from rules.matches.actions import Action, ActionError, action
from rules.models import Notifier, Rule, RuleMatch
from sheets.models import Prompt, Sheet
from sheets.prompts.prompts import NotInvitedError, invite
from streams.models import Event, EventLog


@action("sheet")
class Ask(Action):
    """Invites to answer a sheet of the same log.

    ``respondent`` names the attribute of the event that says who is asked (default: the case); ``via`` the notifier
    that is told the link, beside the app whose report matched.
    """

    fields = {"respondent", "via"}
    heading = "Ask about the case, with the sheet"

    def check(self, action: Mapping[str, Any], log: EventLog, user: User | None) -> None:
        if not Sheet.objects.filter(log=log, slug=action["sheet"]).exists():
            raise ActionError("sheet", f"The log {log.slug} has no sheet called {action['sheet'][:100]}.")
        if "via" in action:
            if user is not None and not holds(user, "rules.view_notifier"):
                raise ActionError("via", "You may not use notifiers.")
            if not Notifier.objects.filter(name=action["via"]).exists():
                raise ActionError("via", f"There is no notifier called {action['via'][:100]}.")

    def plan(self, match: RuleMatch, action: Mapping[str, Any]) -> None:
        sheet = Sheet.objects.filter(log=match.log_id, slug=action["sheet"]).first()
        if sheet is None or not match.case:  # a match of the log as a whole is about no case
            return
        via = Notifier.objects.filter(name=action.get("via", "")).first()
        try:
            invite(
                sheet,
                match.case,
                _respondent(match, action.get("respondent")),
                origin=f"match:{match.pk}:{sheet.pk}",
                match=match,
                via=via,
            )
        except NotInvitedError:
            return

    def choices(self, log: EventLog, user: User) -> list[tuple[str, str]]:
        return list(Sheet.objects.filter(log=log).order_by("name").values_list("slug", "name"))

    def statuses(self, matches: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in Prompt.objects.filter(match__in=matches).select_related("sheet").order_by("pk"):
            if row.match_id is not None:
                found[row.match_id].append({"to": row.sheet.slug, "status": row.state})
        return found


def _respondent(match: RuleMatch, attribute: str | None) -> str:
    """Who is asked: what the event says under ``attribute``, else the case."""
    if attribute:
        event = Event.objects.filter(log=match.log_id, seq=match.seq).only("attributes").first()
        value = event.attributes.get(attribute) if event is not None else None
        if isinstance(value, str | int) and str(value):
            return str(value)[:255]
    return match.case


def may_ask(log: EventLog) -> bool:
    """Whether a rule of the log asks somebody, so that a report may be answered by a sheet."""
    rules = Rule.objects.filter(log=log, enabled=True).values_list("then", flat=True)
    return any("sheet" in entry for then in rules for entry in then)
