"""The demo users `demo-001`, `demo-002` …, told from anybody's account of that name by their e-mail address."""

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User

# Accounts of the API have no address, and this domain never has one: RFC 2606.
DOMAIN = "demo.invalid"


class UsernameTaken(Exception):
    """An account with the name of a demo user is somebody's own."""


def ensure_users(count: int, password: str | None) -> tuple[list[int], int]:
    """Make those of the first `count` demo users that are missing; returns all their ids, and how many it made.

    They cannot log in unless there is a `password`, which is then set for all of them. Raises UsernameTaken.
    """
    names = [f"demo-{number + 1:03}" for number in range(count)]
    found = {user.username: user for user in User.objects.filter(username__in=names)}
    if taken := [name for name, user in found.items() if user.email != address(name)]:
        raise UsernameTaken(f"{', '.join(sorted(taken))} is somebody's account, not a demo user.")
    hashed = make_password(password)  # once for all: it is slow by design
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
    right = {each: check_password(password, each) for each in {user.password for user in users}}
    for user in users:
        if not right[user.password]:
            user.password = hashed
            user.save(update_fields=["password"])  # one by one, so that their sessions are looked up anew
