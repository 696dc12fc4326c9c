"""Cases know their variant and the activity they stand at; the miner writes the rows anew."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def mine_anew(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Without a LogState the next miner begins from the events, and so fills the new columns."""
    apps.get_model("models_mining", "LogState").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("models_mining", "0003_drift_and_predictions"),
        ("streams", "0007_broker_health"),
    ]

    operations = [
        migrations.AddField("case", "variant", models.CharField(default="", max_length=20)),
        migrations.AddField("case", "activity", models.CharField(default="", max_length=255)),
        migrations.AddIndex("case", models.Index(fields=["log", "variant"], name="case_variant")),
        migrations.AddIndex("case", models.Index(fields=["log", "-last_at"], name="case_newest")),
        migrations.RunPython(mine_anew, migrations.RunPython.noop),
    ]
