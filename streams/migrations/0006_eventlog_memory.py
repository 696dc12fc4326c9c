from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("streams", "0005_broker_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name="eventlog",
            name="memory",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Which cases the models stand for: {} all, "
                '{"cases": 1000} so many with the newest activity, {"last_s": 86400} those heard of within so many '
                "seconds of the newest event. All events stay recorded.",
            ),
        ),
    ]
