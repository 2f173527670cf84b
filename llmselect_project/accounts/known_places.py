"""Networks that accounts logged in from lately, so that guesses from elsewhere cannot lock the owners out."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from llmselect_project.models import KnownPlace
from perf.plans.declared_queries import DeclaredQuery

KEPT = timedelta(days=30)


def is_known(*, username: str, network: str) -> bool:
    """Return whether the account with this name, as it was registered, logged in from a network lately."""
    return _known(User.normalize_username(username.strip()), digest(network)).exists()


def remember(*, user_id: int, network: str) -> None:
    """Remember that an account logged in from a network. Raises IntegrityError if the account was deleted."""
    KnownPlace.objects.bulk_create(
        [KnownPlace(user_id=user_id, network=digest(network))],
        update_conflicts=True,
        unique_fields=["user", "network"],
        update_fields=["seen_at"],
    )


def prune_places() -> int:
    """Delete the rows of old logins; returns their number."""
    deleted, _by_model = KnownPlace.objects.filter(seen_at__lt=timezone.now() - KEPT).delete()
    return deleted


def digest(network: str) -> str:
    """Return a keyed hash of a network, which is only compared."""
    return salted_hmac("llmselect.places", network, algorithm="sha256").hexdigest()


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the query of a login, for the latest row."""
    place = KnownPlace.objects.select_related("user").order_by("-pk").first()
    name, network = (place.user.username, place.network) if place else ("-", "-")
    yield DeclaredQuery("login, whether the place is known", _known(name, network).exists)


def _known(username: str, digest: str) -> QuerySet[KnownPlace]:
    return KnownPlace.objects.filter(user__username=username, network=digest, seen_at__gt=timezone.now() - KEPT)
