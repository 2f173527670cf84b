"""A server under load: what the load saw, and what the workers took of the machine meanwhile."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from perf.benchmarks import usage
from perf.benchmarks.load import Tally
from perf.benchmarks.processes import Served

Run = Callable[..., Tally]


@dataclass(slots=True)
class Side:
    """A server under load: what it is sent, and what each round saw and took of the processor in seconds."""

    served: Served
    requests: list[bytes]
    ending: bytes
    tallies: list[Tally] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def load(self, run: Run, clients: int, seconds: float) -> None:
        """Drive it once."""
        workers = usage.workers(self.served.pid)
        before = usage.cpu_seconds(workers)
        self.tallies.append(run(self.served.url, self.requests, clients=clients, seconds=seconds, ending=self.ending))
        self.cpu.append(usage.cpu_seconds(workers) - before)

    @property
    def rate(self) -> float:
        """Answers a second, median of the rounds."""
        return statistics.median(tally.rate for tally in self.tallies)

    @property
    def cpu_share(self) -> float:
        """Processor time of the workers in % of one core, median of the rounds."""
        pairs = zip(self.cpu, self.tallies, strict=True)
        return statistics.median(cpu / tally.lasted * 100 for cpu, tally in pairs)

    @property
    def cpu_each(self) -> float:
        """Processor time of the workers for an answer, in µs, over all rounds."""
        return sum(self.cpu) / max(sum(tally.answers for tally in self.tallies), 1) * 1_000_000

    @property
    def memory(self) -> float:
        """What the workers keep in RAM now, in MB each."""
        return statistics.fmean(map(usage.resident_bytes, usage.workers(self.served.pid))) / 1_000_000

    def errors(self, status: int) -> int:
        """Count what was not answered with this status, or did not end as it had to."""
        return sum(tally.failed + tally.wrong + tally.answers - tally.statuses[status] for tally in self.tallies)

    def forget(self) -> None:
        """Begin anew."""
        self.tallies.clear()
        self.cpu.clear()
