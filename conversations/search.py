"""Finding conversations by words of their title or preview, and showing where they were found."""

import re
from html import escape

from django.db.models import Q

from conversations.models import ConversationQuerySet

CONTEXT = 60  # characters shown on each side of what was found


def matching(conversations: ConversationQuerySet, search: str) -> ConversationQuerySet:
    """Narrow to conversations with `search` in title or preview, in whatever case."""
    return conversations.filter(Q(title__icontains=search) | Q(preview__icontains=search))


def snippet(search: str, *texts: str) -> str | None:
    """Return HTML of the first text that holds `search`: each match in <mark>, the rest escaped, cut around it."""
    pattern = re.compile(re.escape(search), re.IGNORECASE)
    for text in texts:
        if found := pattern.search(text):
            start, end = max(0, found.start() - CONTEXT), found.end() + CONTEXT
            shown = text[start:end]
            return f"{'…' if start else ''}{_marked(pattern, shown)}{'…' if end < len(text) else ''}"
    return None


def _marked(pattern: re.Pattern[str], text: str) -> str:
    parts, position = [], 0
    for found in pattern.finditer(text):
        parts += [escape(text[position : found.start()]), f"<mark>{escape(found[0])}</mark>"]
        position = found.end()
    return "".join([*parts, escape(text[position:])])
