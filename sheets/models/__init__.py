"""Tables of sheets."""

from sheets.models.mappings import ReportMapping
from sheets.models.schedules import Schedule
from sheets.models.sheets import Answer, Prompt, Sheet, SheetVersion

__all__ = ["Answer", "Prompt", "ReportMapping", "Schedule", "Sheet", "SheetVersion"]
