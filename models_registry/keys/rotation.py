"""Re-encrypts the stored API keys with the newest encryption key, while the server runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from models_registry.errors import APIKeyUnreadable
from models_registry.keys.encryption import is_current, renew
from models_registry.models import APIKey, SharedKey


@dataclass(slots=True)
class Rotation:
    """The numbers of rows so far; `unreadable` are the ids of keys that none of `ENCRYPTION_KEYS` decrypts."""

    renewed: int = 0
    current: int = 0
    changed_meanwhile: int = 0
    unreadable: list[UUID] = field(default_factory=list)


def rotate(*, batch_size: int) -> Iterator[Rotation]:
    """Renew every user's and every shared key that is not encrypted with the first of `ENCRYPTION_KEYS`.

    Yields the totals after each batch.

    Each row is written on its own, so that a run after an interruption only renews the rest.
    """
    done = Rotation()
    for model in (APIKey, SharedKey):
        last = UUID(int=0)
        rows = model.objects.order_by("pk").values_list("pk", "key_encrypted")
        while batch := list(rows.filter(pk__gt=last)[:batch_size]):
            for row_id, token in batch:
                _renew(model, row_id, token, done)
            last = batch[-1][0]
            yield done


def _renew(model: type[APIKey | SharedKey], row_id: UUID, token: str, done: Rotation) -> None:
    if is_current(token):
        done.current += 1
        return
    try:
        renewed = renew(token)
    except APIKeyUnreadable:
        done.unreadable.append(row_id)
        return
    # A key that is replaced meanwhile is left alone, since it is encrypted with the newest key already. Caches hold who
    # has a key, which does not change.
    if model.objects.filter(pk=row_id, key_encrypted=token).update_quietly(key_encrypted=renewed):
        done.renewed += 1
    else:
        done.changed_meanwhile += 1
