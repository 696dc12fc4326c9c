"""How cases and logs agree with a reference model."""

from models_mining.core.conformance.case_fit import CaseFit, Deviation, case_conformance
from models_mining.core.conformance.quality import LogFitness, fitness, generalization, precision, simplicity

__all__ = [
    "CaseFit",
    "Deviation",
    "LogFitness",
    "case_conformance",
    "fitness",
    "generalization",
    "precision",
    "simplicity",
]
