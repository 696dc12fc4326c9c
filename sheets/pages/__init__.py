"""Pages of sheets, invitations and schedules."""
