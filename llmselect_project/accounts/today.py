"""What the index of the admin says of today's logins."""

from collections.abc import Iterator

from llmselect_project.models import LoginSession
from perf.pages.dashboard import NEW_TODAY, TILES, Tile, Today, changelist_url, count_since, declared_counts
from perf.plans.declared_queries import DeclaredQuery


def tiles(today: Today) -> Iterator[Tile]:
    """Count the logins of today, up to a limit."""
    logins = count_since(LoginSession.objects.all(), today.since)
    yield Tile("Logins", str(logins), "through the API, not deleted", f"{changelist_url(LoginSession)}?{NEW_TODAY}")


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the count of logins."""
    yield declared_counts(LoginSession)


TILES.append(tiles)
