"""Matches of rules as a section of the page of a case."""

from foundation.access import User
from models_mining.pages.case_sections import Section
from rules.setup.queries import matches_of
from streams.models import EventLog

MATCHES = 20  # the newest ones


def section(user: User, log: EventLog, case: str) -> Section:
    """Return the newest matches in a case."""
    return Section("rules/case_matches.html", list(matches_of(user).filter(log=log, case=case)[:MATCHES]))
