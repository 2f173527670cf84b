"""The demo users `demo-001`, `demo-002` …; their e-mail address tells them from real accounts with such a name."""

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User

# Accounts of the API have no address, and this domain never has one: RFC 2606.
DOMAIN = "demo.invalid"


class UsernameTaken(Exception):
    """A real account has the name of a demo user."""


def ensure_users(count: int, password: str | None) -> tuple[list[int], int]:
    """Create the missing ones of the first `count` demo users; returns the ids of all, and how many were created.

    Demo users can log in only if there is a `password`, which is set for all of them. Raises UsernameTaken.
    """
    names = [f"demo-{number + 1:03}" for number in range(count)]
    found = {user.username: user for user in User.objects.filter(username__in=names)}
    if taken := [name for name, user in found.items() if user.email != address(name)]:
        raise UsernameTaken(f"{', '.join(sorted(taken))} is somebody's account, not a demo user.")
    hashed = make_password(password)  # once for all users, since it is slow by design
    missing = [User(username=name, email=address(name), password=hashed) for name in names if name not in found]
    User.objects.bulk_create(missing, batch_size=1000)
    if password is not None:
        _set_password(list(found.values()), password, hashed)
    ids = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
    return [ids[name] for name in names], len(missing)


def address(name: str) -> str:
    """Return the e-mail address that marks a demo user."""
    return f"{name}@{DOMAIN}"


def _set_password(users: list[User], password: str, hashed: str) -> None:
    current = {each for each in {user.password for user in users} if check_password(password, each)}
    for user in users:
        if user.password not in current:
            user.password = hashed
            user.save(update_fields=["password"])  # one by one: the signal of each ends that user's sessions
