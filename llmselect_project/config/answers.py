"""What the environment says of answers that are being written."""

from llmselect_project.config.environment import choice, integer


def read(slots: int) -> tuple[str, int, int]:
    """Read what an answer does that nobody reads any more, how long it is kept, and how many one user may have.

    The first is `finish` or `stop`. The second are the seconds after its end for which its events can be read. The
    third is what each worker writes at once: all of its `slots` by default. Raises ImproperlyConfigured.
    """
    on_disconnect = choice("ON_DISCONNECT", "finish", ("finish", "stop"))
    keep_seconds = integer("STREAM_KEEP_SECONDS", 600)
    return on_disconnect, keep_seconds, integer("ANSWERS_PER_USER", slots, minimum=1)
