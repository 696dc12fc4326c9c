"""The live log: in-memory state of a log from which models are derived.

Other packages use only the names exported here; an import contract checks that.
"""

from models_mining.core.live_log.batch import cases_in, closed_cases
from models_mining.core.live_log.cases import Case, CaseSet
from models_mining.core.live_log.journal import NEWEST_MOVES, Changes, Journal, Move, Transition
from models_mining.core.live_log.live_log import LiveLog
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError, LoggedEvent, Reader, Row, Step
from models_mining.core.live_log.observing import Observer, Turns, learn_observed
from models_mining.core.live_log.state import StateError
from models_mining.core.live_log.variants import Variant, Variants, events_by_activity, variants_of

__all__ = [
    "NEWEST_MOVES",
    "Case",
    "CaseHistory",
    "CaseSet",
    "Changes",
    "HistoryError",
    "Journal",
    "LiveLog",
    "LoggedEvent",
    "Move",
    "Observer",
    "Reader",
    "Row",
    "StateError",
    "Step",
    "Transition",
    "Turns",
    "Variant",
    "Variants",
    "cases_in",
    "closed_cases",
    "events_by_activity",
    "learn_observed",
    "variants_of",
]
