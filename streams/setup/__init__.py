"""Setup of brokers, streams and logs: forms, serializers, API, admin."""
