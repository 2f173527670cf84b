"""The user and session data that authentication needs for each request, cached so that it takes no query."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User, UserManager
from django.db.models import QuerySet

from llmselect_project.models import LoginSession
from perf.caching.generations import CacheKey, LookupResult
from perf.caching.invalidation import exempt, invalidates, register_owner
from perf.caching.namespace import Namespace
from perf.caching.querysets import InvalidatingQuerySet
from perf.plans.declared_queries import DeclaredQuery

# In the order of the model's columns, as `from_db` takes them.
FIELDS = [
    field.attname
    for field in User._meta.concrete_fields
    if field.attname in ("id", "is_superuser", "username", "is_staff", "is_active")
]

namespace = Namespace("user_state", ttl=settings.USER_STATE_TTL, about="whether accounts and their sessions are valid")

invalidates("auth.User", namespace, owner="pk")
invalidates("llmselect_project.LoginSession", namespace, owner="user_id")
register_owner("auth.User")
exempt("llmselect_project.RefreshToken", "it is read from the database whenever it is used")
exempt("llmselect_project.KnownPlace", "it is read from the database at each login")
exempt("sessions.Session", "a browser's session is read from the database at each request")
for label in ("auth.Group", "auth.Permission", "contenttypes.ContentType"):
    exempt(label, "rights are read from the database at each request that asks for them")
exempt("admin.LogEntry", "pages of the admin are made anew each time")


class Users(UserManager.from_queryset(InvalidatingQuerySet[User])):  # type: ignore[misc]  # made when it runs
    """Django's manager with an `update()` that invalidates."""

    def __eq__(self, other: object) -> bool:
        """Equal Django's manager, so that `makemigrations` finds no change of Django's model."""
        return isinstance(other, UserManager)

    __hash__ = UserManager.__hash__


# A manager added to Django's model takes precedence over the inherited one.
User.add_to_class("objects", Users())


def load_user(*, user_id: str, session_id: str, prefetched: Mapping[CacheKey, LookupResult]) -> User | None:
    """Return the user of an active session, with `FIELDS` loaded and the rest deferred; None if it is not active.

    A session becomes inactive when it ends, when the user is deleted or deactivated, and when the password changes.
    `prefetched` is a result of `perf.caching.namespace.get_many`.
    """
    values, _ = namespace.fetch(namespace.key(user_id, session_id), lambda: _query(user_id, session_id), prefetched)
    return User.from_db(None, FIELDS, values) if values else None


def _query(user_id: str, session_id: str) -> list[Any]:
    session = next(iter(_sessions(user_id, session_id)), None)
    if session is None or not session.user.is_active:
        return []
    if session.password_stamp != session.user.get_session_auth_hash():
        return []
    return [getattr(session.user, field) for field in FIELDS]


def _sessions(user_id: str, session_id: str) -> QuerySet[LoginSession]:
    return LoginSession.objects.select_related("user").filter(pk=session_id, user_id=user_id)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the query of authentication after a cache miss, for the latest session."""
    session = LoginSession.objects.order_by("-pk").first() or LoginSession(user_id=0)
    yield DeclaredQuery("authentication, session and user", lambda: _sessions(str(session.user_id), str(session.pk)))
