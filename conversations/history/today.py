"""What the index of the admin says of today's conversations and messages."""

from collections.abc import Iterator

from conversations.models import Conversation, Message
from perf.pages.dashboard import TILES, Tile, Today, changelist_url, count_since


def tiles(today: Today) -> Iterator[Tile]:
    """Count what was begun and said today, up to a limit."""
    for title, model in (("Conversations", Conversation), ("Messages", Message)):
        yield Tile(title, str(count_since(model.objects.all(), today.since)), url=changelist_url(model))


TILES.append(tiles)
