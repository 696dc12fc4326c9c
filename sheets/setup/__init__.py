"""Setup of sheets: serializers, API."""
