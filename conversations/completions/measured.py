"""The columns of messages and results that say what a call of a model took."""

from decimal import Decimal

from django.db import models

from models_registry.calls.costs import CostSource
from models_registry.providers.reading.finish import FinishReasons
from perf.caching.querysets import LeafModel


def _price() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, help_text="USD per million tokens, when it was called"
    )


class Measured(LeafModel):
    """The figures of a call of a model; null without a call, or where unknown."""

    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cache_read_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cache_write_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cache_write_1h_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of those, for an hour.")
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the completion tokens.")
    input_audio_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    output_audio_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the completion tokens.")
    input_image_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cost = models.DecimalField(max_digits=22, decimal_places=12, null=True, blank=True, help_text="USD")
    # Null beside a cost in rows from before kinds of tokens were told apart. This and `reasoning` are nullable so that
    # databases add the columns without rewriting the tables.
    cost_source = models.CharField(max_length=10, choices=CostSource, null=True, blank=True)  # noqa: DJ001
    input_price = _price()
    cache_read_price = _price()
    cache_write_price = _price()
    output_price = _price()
    estimated = models.BooleanField(default=False, help_text="Tokens were estimated from the text.")
    time = models.FloatField(null=True, blank=True, help_text="seconds")
    ttft = models.FloatField("time to first token", null=True, blank=True, help_text="seconds")
    reasoning = models.TextField(null=True, blank=True, help_text="What the model thought before it answered.")  # noqa: DJ001
    metered = models.BooleanField(null=True, editable=False, help_text="The call has a usage entry of its own.")
    finish_reason = models.CharField(  # noqa: DJ001 - nullable for the same reason
        max_length=15, choices=FinishReasons, null=True, blank=True, help_text="How the answer ended; null is unknown."
    )

    class Meta:
        abstract = True
