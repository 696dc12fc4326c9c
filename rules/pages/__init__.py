"""Pages of rules, matches and notifiers."""
