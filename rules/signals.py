"""A rule that was changed is taken up at once."""

from rules.models import Rule
from streams.signals import tell

tell(Rule)
