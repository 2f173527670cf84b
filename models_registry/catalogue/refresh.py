"""Refreshes the registry in the background, so that no request waits for a vendor."""

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from models_registry.catalogue.sync import sync
from models_registry.keys.storage import has_system_key
from models_registry.models import Provider
from models_registry.query_plans import refreshable_providers

logger = logging.getLogger("llmselect.refresh")

MAX_AGE = timedelta(hours=24)  # of a provider's own list
RETRY_AFTER = timedelta(hours=1)  # between checks of a provider that fails
RECHECK_AFTER = timedelta(hours=1)  # until the database is read again, since other processes may change what is due

_next_check = datetime.min.replace(tzinfo=timezone.get_default_timezone())


def refresh_if_due(*, recheck: bool = False) -> None:
    """Start to sync the providers whose newest check is too old, unless another process does.

    The database is read when the next check is due, or when `recheck` says that the due times may have changed.
    """
    global _next_check  # of this process
    now = timezone.now()
    if not recheck and now < _next_check:
        return
    _next_check = now + RECHECK_AFTER
    try:
        due = _due_times()
    except DatabaseError:  # the response may come from the cache, without a database
        return
    _next_check = min([_next_check, *(moment for moment in due.values() if moment > now)])
    claimed = [slug for slug, moment in due.items() if moment <= now and _claim(slug, now)]
    if claimed:
        threading.Thread(target=_refresh, args=(claimed,), name="model-refresh", daemon=True).start()


def _due_times() -> dict[str, datetime]:
    """Return the slug of each provider whose list can be read, and when its next check is due."""
    due = {}
    for provider in refreshable_providers():
        if not provider.requires_key or has_system_key(provider):
            checked = provider.checked_at + MAX_AGE if provider.checked_at else provider.created_at
            tried = provider.check_started_at + RETRY_AFTER if provider.check_started_at else checked
            due[provider.slug] = max(checked, tried)
    return due


def _claim(slug: str, now: datetime) -> bool:
    """Claim the check of a provider; one of all workers and machines gets it."""
    free = Q(check_started_at=None) | Q(check_started_at__lte=now - RETRY_AFTER)
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
