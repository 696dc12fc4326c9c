"""Numbers of a log within what mining and retention can reckon with; nothing changes in the tables."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("streams", "0009_kept_answers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="eventlog",
            name="idle_close_s",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="A case is closed when nothing came for it for so many seconds.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(2147483647)],
            ),
        ),
        migrations.AlterField(
            model_name="eventlog",
            name="retention_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="A closed case is deleted when nothing came for it for so many days; empty: never.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(36525),
                ],
            ),
        ),
    ]
