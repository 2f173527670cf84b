"""A server under load: what the load saw in each round, and what the workers took of the machine meanwhile."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from perf.benchmarks.load import LoadResult
from perf.benchmarks.processes import RunningServer

Run = Callable[..., LoadResult]


@dataclass(slots=True)
class LoadedServer:
    """A server, what it is sent, and the results and processor seconds of each round."""

    server: RunningServer
    requests: list[bytes]
    ending: bytes
    rounds: list[LoadResult] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def load(self, run: Run, clients: int, seconds: float) -> None:
        """Drive it for one round."""
        before = self.server.cpu_seconds()
        self.rounds.append(run(self.server.url, self.requests, clients=clients, seconds=seconds, ending=self.ending))
        self.cpu.append(self.server.cpu_seconds() - before)

    @property
    def rate(self) -> float:
        """Answers a second, median of the rounds."""
        return statistics.median(result.rate for result in self.rounds)

    @property
    def cpu_share(self) -> float:
        """Processor time of the workers in % of one core, median of the rounds."""
        pairs = zip(self.cpu, self.rounds, strict=True)
        return statistics.median(cpu / result.lasted * 100 for cpu, result in pairs)

    @property
    def cpu_each(self) -> float:
        """Processor time of the workers for an answer, in µs, over all rounds."""
        return sum(self.cpu) / max(sum(result.answers for result in self.rounds), 1) * 1_000_000

    def errors(self, status: int) -> int:
        """Count what was not answered with this status, or did not end as it had to."""
        return sum(result.errors(status) for result in self.rounds)

    def forget(self) -> None:
        """Begin anew."""
        self.rounds.clear()
        self.cpu.clear()
