from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Access"

    def ready(self) -> None:
        from accounts import groups, history

        history.register()
        last = [app for app in apps.get_app_configs() if app.models_module][-1]  # then all permissions are there
        post_migrate.connect(groups.make_groups, sender=last, dispatch_uid="the groups there are from the start")
