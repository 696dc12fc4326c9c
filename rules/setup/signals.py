"""A rule that was changed is taken up at once."""

from rules.models import Rule
from streams.setup.signals import tell

tell(Rule)
