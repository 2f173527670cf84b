"""Where figures are kept when there is no Redis."""

from django.db import models


class TimingBlock(models.Model):
    """What one worker measured in one minute or hour; `data` is an encoded `perf.timing.deltas.Delta`."""

    span = models.PositiveIntegerField(help_text="seconds: 60 or 3600")
    start = models.BigIntegerField(help_text="seconds since 1970")
    worker = models.CharField(max_length=100)
    data = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("span", "start", "worker"), name="unique_timing_block"),)

    def __str__(self) -> str:
        return f"{self.span} s from {self.start} by {self.worker}"
