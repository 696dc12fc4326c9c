"""Tables of mining."""

from models_mining.models.mining import (
    Analysis,
    Case,
    Checkpoint,
    DriftChange,
    Job,
    LogState,
    MinedModel,
    Minute,
    Prediction,
)
from models_mining.models.places import MapPlaces
from models_mining.models.references import CaseConformance, ConformancePoint, ReferenceModel
from models_mining.models.snapshots import Snapshot

__all__ = [
    "Analysis",
    "Case",
    "CaseConformance",
    "Checkpoint",
    "ConformancePoint",
    "DriftChange",
    "Job",
    "LogState",
    "MapPlaces",
    "MinedModel",
    "Minute",
    "Prediction",
    "ReferenceModel",
    "Snapshot",
]
