"""Users in the admin: deactivating and activating them, and who may do that to whom."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.helpers import PASSWORD, client_for

pytestmark = pytest.mark.django_db

URL = "/admin/auth/user/"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


def act(user, action, *chosen):
    """Run an action; returns what the page says about it."""
    client = Client()
    client.force_login(user)
    response = client.post(URL, {"action": action, "_selected_action": [each.pk for each in chosen]}, follow=True)
    return [str(message) for message in response.context["messages"]]


def active(*users):
    return [User.objects.get(pk=user.pk).is_active for user in users]


def test_a_deactivated_user_is_out_at_once_and_keeps_everything(root, ann, bob, visitor):
    api = client_for(ann)
    assert api.get("/api/v1/auth/me").status_code == 200
    assert act(root, "deactivate", ann) == ["Deactivated 1 user."]
    assert active(ann, bob) == [False, True]
    assert api.get("/api/v1/auth/me").status_code == 401
    login = {"username": "ann", "password": PASSWORD}
    assert visitor.post("/api/v1/auth/login", login).status_code == 401
    assert act(root, "activate", ann, bob) == ["Activated 1 user."]
    assert visitor.post("/api/v1/auth/login", login).status_code == 200
    entries = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert list(entries) == [("ann", "Deactivated."), ("ann", "Activated.")]


def test_nobody_shuts_themselves_out(root, ann):
    said = act(root, "deactivate", root, ann)
    assert active(root, ann) == [True, False]
    assert said[0] == "Deactivated 1 user."
    assert said[1].startswith("1 left as they are")


def test_superusers_are_stopped_by_superusers_alone(root, staff, ann):
    staff.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "change_user")))
    act(staff, "deactivate", root, ann)
    assert active(root, ann) == [True, False]
    User.objects.filter(pk=root.pk).update(is_active=False)
    act(staff, "activate", root, ann)
    assert active(root, ann) == [False, True]


def test_whoever_may_only_look_cannot(staff, ann):
    staff.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert act(staff, "deactivate", ann) != ["Deactivated 1 user."]
    assert active(ann) == [True]


def test_the_list_has_no_red_cross(root, ann):
    client = Client()
    client.force_login(root)
    html = client.get(URL).content.decode()
    assert "icon-no" not in html
    assert 'field-is_active_written">active<' in html
