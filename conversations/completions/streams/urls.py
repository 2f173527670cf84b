"""Where streams are followed."""

from uuid import UUID

from django.urls import reverse


def stream_url(kind: str, stream_id: UUID) -> str:
    """Return the path at which the stream of a `chat` or a `compare` is followed."""
    return reverse(f"{kind}-stream-events", args=[stream_id])
