"""Keeping the registry fresh in the background: no request ever waits for a vendor."""

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from models_registry.catalogue.sync import sync
from models_registry.keys.storage import has_system_key
from models_registry.models import Provider
from models_registry.query_plans import providers_asked

logger = logging.getLogger("llmselect.refresh")

FRESH = timedelta(hours=24)  # how long a provider's own list counts as new
RETRY = timedelta(hours=1)  # between attempts at a provider that fails
LOOK = timedelta(hours=1)  # at the latest, since others may change what is due

_next_look = datetime.min.replace(tzinfo=timezone.get_default_timezone())


def refresh_if_due(*, look: bool = False) -> None:
    """Start to ask the providers whose newest check is too old, if nobody does already.

    What is due is read from the database when the time has come, or when `look` says that it may have changed.
    """
    global _next_look  # when this process looks again
    now = timezone.now()
    if not look and now < _next_look:
        return
    _next_look = now + LOOK
    try:
        due = _due_times()
    except DatabaseError:  # the answer may come from the cache and need no database
        return
    _next_look = min([_next_look, *(moment for moment in due.values() if moment > now)])
    claimed = [slug for slug, moment in due.items() if moment <= now and _claim(slug, now)]
    if claimed:
        threading.Thread(target=_refresh, args=(claimed,), name="model-refresh", daemon=True).start()


def _due_times() -> dict[str, datetime]:
    """Say of each provider that can be asked when that is due."""
    due = {}
    for provider in providers_asked():
        if not provider.requires_key or has_system_key(provider):
            checked = provider.checked_at + FRESH if provider.checked_at else provider.created_at
            tried = provider.check_started_at + RETRY if provider.check_started_at else checked
            due[provider.slug] = max(checked, tried)
    return due


def _claim(slug: str, now: datetime) -> bool:
    """Take the right to ask a provider; of all workers and machines one gets it."""
    free = Q(check_started_at=None) | Q(check_started_at__lte=now - RETRY)
    claimed = Provider.objects.filter(free, slug=slug).update_quietly(check_started_at=now)  # no list shows it
    return claimed == 1


def _refresh(slugs: list[str]) -> None:
    try:
        for result in sync(providers=slugs).results:
            if result.error:
                # The row keeps the error too, where staff see it.
                logger.warning("a provider's models cannot be read", extra={"provider": result.slug})
    except Exception:
        logger.exception("refreshing the models failed")
    finally:
        connection.close()
