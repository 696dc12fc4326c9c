"""Links of invitations were written into the outbox, where whoever may view the log read them."""

from hashlib import sha256
from typing import Any

from django.db import migrations

INVITED = "org.procmine.sheet.invited.v1"


def take_out(apps: Any, _: Any) -> None:
    """Keep the prompt's id instead: what waits is completed with the link as it is sent."""
    prompts = apps.get_model("sheets", "Prompt").objects
    rows = apps.get_model("rules", "Notification").objects.filter(event__type=INVITED)
    for row in rows.iterator():
        data = row.event["data"]
        link = data.pop("url", None)
        if link is None:
            continue
        token = link.rstrip("/").rpartition("/")[2]
        data["prompt"] = (
            prompts.filter(token_hash=sha256(token.encode()).hexdigest()).values_list("pk", flat=True).first()
        )
        data["text"] = row.text = row.text.replace(f": {link}", "").replace(link, "")
        row.why = row.why.replace(token, "…")
        row.save(update_fields=["event", "text", "why"])


class Migration(migrations.Migration):
    dependencies = [("sheets", "0001_initial"), ("rules", "0003_match_indexes")]
    operations = [migrations.RunPython(take_out, migrations.RunPython.noop)]
