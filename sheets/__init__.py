"""What people report about a process: activity reports of apps, and forms that ask a person about a case."""
