"""Tables for figures if there is no Redis, and for invalidations that cannot reach Redis."""

from django.db import models


class TimingBlock(models.Model):
    """The figures of one worker in one minute or hour; `data` is an encoded `Delta`, or `Totals` if span is 0."""

    span = models.PositiveIntegerField(help_text="seconds: 60 or 3600")
    start = models.BigIntegerField(help_text="seconds since 1970")
    worker = models.CharField(max_length=100)
    data = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("span", "start", "worker"), name="unique_timing_block"),)

    def __str__(self) -> str:
        return f"{self.span} s from {self.start} by {self.worker}"


class UndeliveredInvalidation(models.Model):
    """An invalidation that a worker could not deliver to Redis: see `perf.caching.undelivered`."""

    namespace = models.CharField(max_length=50)
    owner = models.CharField(max_length=100)
    stamp = models.UUIDField(help_text="Another one whenever it was posted again.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("namespace", "owner"), name="unique_undelivered"),)

    def __str__(self) -> str:
        return f"{self.namespace} of {self.owner}"
