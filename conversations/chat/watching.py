"""The thread of each worker that renews the marks of its running answers, and finds those that were lost."""

import logging
import threading

from conversations.chat.running import RENEWAL, LostAnswers, renew
from conversations.completions.streams import registry
from perf.db.connections import unpooled
from perf.timing import recorder

logger = logging.getLogger("llmselect.answers")


def keep_watch() -> None:
    """Watch in a thread from now on, until the process ends."""
    threading.Thread(target=_watch, name="running-answers", daemon=True).start()


def _watch() -> None:
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    pause, lost = threading.Event(), LostAnswers()
    while not pause.wait(RENEWAL):
        try:
            with unpooled():
                renew_running()
                if settled := lost.settle():
                    logger.warning("answers were lost with their process", extra={"count": settled})
        except Exception:  # the server must go on; the next attempt is soon
            logger.exception("running answers could not be watched")


def renew_running() -> None:
    """Renew the marks of all chats of this process."""
    chats = [(each.place["conversation_id"], each.id) for each in registry.running() if each.kind == "chat"]
    if chats:
        renew(chats)
