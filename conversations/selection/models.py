"""What users set of the choice of models for them."""

from typing import Any

from django.conf import settings
from django.db import models

from perf.caching.querysets import InvalidatingQuerySet


class SelectionSettingsQuerySet(InvalidatingQuerySet["SelectionSettings"]):
    """Settings of the choice, one row a user."""


class SelectionSettings(models.Model):
    """A user's settings of `auto`; without a row all are as in a new one."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    candidates: "models.JSONField[Any, Any]" = models.JSONField(
        default=list, blank=True, help_text="provider/model of those to choose from; empty: all that were voted on."
    )
    default_model = models.CharField(max_length=251, blank=True, help_text="provider/model, while votes are few.")
    cents_for_better = models.FloatField(
        null=True, blank=True, help_text="US cents that an answer preferred 3 times of 4 may cost more; empty: any."
    )
    seconds_for_better = models.FloatField(
        null=True, blank=True, help_text="Seconds that an answer preferred 3 times of 4 may take longer; empty: any."
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = SelectionSettingsQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = verbose_name_plural = "settings of the choice of models"

    def __str__(self) -> str:
        return str(self.pk)
