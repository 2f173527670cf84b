"""What authentication must know of a user and session at each request, cached so that it costs no query."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from llmselect_project.models import LoginSession
from perf.cache import Namespace

# In the order of the model's columns, as `from_db` takes them.
FIELDS = [
    field.attname
    for field in User._meta.concrete_fields
    if field.attname in ("id", "is_superuser", "username", "is_staff", "is_active")
]

namespace = Namespace("user_state", ttl=settings.USER_STATE_TTL)


def load_user(*, user_id: str, session_id: str) -> User | None:
    """Return the user of a living session, with `FIELDS` loaded and the rest deferred; None when it is over.

    A session is over when it was ended, when the user was deleted or deactivated, or when the password changed.
    """
    values = namespace.get_or_load(user_id, session_id, lambda: _query(user_id, session_id))
    return User.from_db(None, FIELDS, values) if values else None


def _query(user_id: str, session_id: str) -> list[Any]:
    session = LoginSession.objects.select_related("user").filter(pk=session_id, user_id=user_id).first()
    if session is None or not session.user.is_active:
        return []
    if session.password_stamp != session.user.get_session_auth_hash():
        return []
    return [getattr(session.user, field) for field in FIELDS]


@receiver((post_save, post_delete), sender=User)
def forget_user(instance: User, **_: Any) -> None:
    """Have a changed or deleted user looked up anew."""
    namespace.invalidate(instance.pk)


@receiver((post_save, post_delete), sender=LoginSession)
def forget_session(instance: LoginSession, **_: Any) -> None:
    """Have the user of a session that began, changed or ended looked up anew."""
    namespace.invalidate(instance.user_id)
