"""What the index of the admin says of today's conversations and messages."""

from collections.abc import Iterator

from conversations.models import Conversation, Message
from perf.pages.dashboard import NEW_TODAY, TILES, Tile, Today, changelist_url, count_since


def tiles(today: Today) -> Iterator[Tile]:
    """Count what was begun and said today, up to a limit."""
    for model, note in ((Conversation, "begun today"), (Message, "written today")):
        title, count = str(model._meta.verbose_name_plural).capitalize(), count_since(model.objects.all(), today.since)
        yield Tile(title, str(count), f"{note}, not deleted", f"{changelist_url(model)}?{NEW_TODAY}")


TILES.append(tiles)
