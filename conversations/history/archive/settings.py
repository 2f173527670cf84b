"""What an archive says of a user's account. Apps that have more of it register functions; no secret may be in it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User

from models_registry.api.fields import money
from models_registry.models import APIKey, Budget

# Takes the id of a user; returns the value of an entry of `settings.json`.
Reader = Callable[[int], Any]

READERS: dict[str, Reader] = {}


def register(name: str, reader: Reader) -> None:
    """Add an entry to `settings.json`; call it in `AppConfig.ready()`."""
    READERS[name] = reader


def settings_of(user: User) -> dict[str, Any]:
    """Return the content of `settings.json`."""
    account = {"username": user.username, "email": user.email, "date_joined": user.date_joined}
    own = {"account": account, "budgets": _budgets(user.pk), "provider_keys": _provider_keys(user.pk)}
    return own | {name: reader(user.pk) for name, reader in READERS.items()}


def _budgets(user_id: int) -> list[dict[str, Any]]:
    names = ("period", "limit", "token_name", "by_staff", "created_at")
    rows = Budget.objects.filter(user_id=user_id).order_by("-created_at", "-id").values(*names)
    return [{**row, "limit": money(row["limit"])} for row in rows]


def _provider_keys(user_id: int) -> list[dict[str, Any]]:
    rows = APIKey.objects.filter(user_id=user_id).order_by("provider__slug")
    return [
        {"provider": slug, "override_system_key": override, "created_at": created_at}
        for slug, override, created_at in rows.values_list("provider__slug", "override_system_key", "created_at")
    ]
