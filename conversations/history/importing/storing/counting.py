"""What an import counts: what it read, and what became of it; nothing is left out in silence."""

from typing import Any, TypedDict

KINDS = ("conversations", "messages", "comparisons")
OUTCOMES = ("read", "added", "known", "skipped")
PROBLEMS = 100  # that are kept with their places; the others are counted
REASONS = 50  # kinds of reasons that are told apart


class Problem(TypedDict):
    """Something that was skipped: where it stands in the file, and why."""

    place: str
    reason: str


class Counts:
    """Counts by kind and outcome, why messages were left out, and the first problems.

    Of each kind, what was read is what was added, known and skipped together. `updated` are those of the known
    conversations that got new messages.
    """

    def __init__(self, stored: dict[str, Any] | None = None, problems: list[Problem] | None = None) -> None:
        stored = stored or {}
        self._counts = {kind: {**dict.fromkeys(OUTCOMES, 0), **stored.get(kind, {})} for kind in KINDS}
        self._counts["conversations"].setdefault("updated", 0)
        self._reasons: dict[str, int] = dict(stored.get("reasons", {}))
        self.problems: list[Problem] = list(problems or [])

    def add(self, kind: str, outcome: str, count: int = 1) -> None:
        """Count rows of a kind with an outcome."""
        self._counts[kind][outcome] += count

    def leave_out(self, reason: str, count: int) -> None:
        """Count messages that were read and left out."""
        self.add("messages", "read", count)
        self.add("messages", "skipped", count)
        known = reason in self._reasons or len(self._reasons) < REASONS
        reason = reason if known else "other reasons"
        self._reasons[reason] = self._reasons.get(reason, 0) + count

    def problem(self, place: str, reason: str) -> None:
        """Note why something was skipped."""
        if len(self.problems) < PROBLEMS:
            self.problems.append({"place": place[:300], "reason": reason[:300]})

    def stored(self) -> dict[str, Any]:
        """Return the counts as they are stored."""
        return {**self._counts, "reasons": self._reasons}
