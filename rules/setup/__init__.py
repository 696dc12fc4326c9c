"""Setup of rules: serializers, API, admin."""
