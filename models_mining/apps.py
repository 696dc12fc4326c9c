from django.apps import AppConfig


class MiningConfig(AppConfig):
    name = "models_mining"
