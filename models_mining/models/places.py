"""Where somebody put the boxes of a model's map by hand."""

from django.conf import settings
from django.db import models

from models_mining.models.mining import MinedModel

MOST = 1_000  # boxes of one map
LONGEST = 400  # characters of a key: an activity has 255
FARTHEST = 1_000_000.0


class MapPlaces(models.Model):
    """The places that one person gave to boxes of one model; all others are laid out."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(MinedModel, on_delete=models.CASCADE, related_name="+")
    places = models.JSONField(default=dict, help_text="[x, y] of the middle of each box, by its key on the map.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "model"], name="map_places_once")]
        verbose_name_plural = "map places"

    def __str__(self) -> str:
        return f"Places of {self.user} on model {self.model_id}"
