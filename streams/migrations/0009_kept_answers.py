"""Answers to requests with an Idempotency-Key."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0008_log_grants")]

    operations = [
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("request", models.CharField(max_length=64)),
                ("claim", models.CharField(max_length=16)),
                ("began_at", models.DateTimeField(db_index=True)),
                ("answer", models.BinaryField(null=True)),
            ],
        ),
    ]
