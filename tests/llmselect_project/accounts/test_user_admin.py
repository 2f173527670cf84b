"""Users in the admin: deactivating and activating them, and who may do that to whom."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from conversations.models import Conversation
from llmselect_project.accounts.sessions import prune_sessions, start_session
from llmselect_project.models import LoginSession
from tests.helpers import PASSWORD, client_for, conversation

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
    assert said[1].startswith("1 was left as it is: ")


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


def test_deleting_shows_a_summary_that_does_not_grow(root, ann, django_assert_max_num_queries):
    client = Client()
    client.force_login(root)
    for _ in range(30):
        conversation(ann, messages=4)
    start_session(user=ann)
    with django_assert_max_num_queries(25):
        html = client.get(f"{URL}{ann.pk}/delete/").text
    for line in ("Users: 1", "Conversations: 30", "Messages: 120", "Login sessions: 1"):
        assert f"<li>{line}</li>" in html
    assert html.count("<a ") < 60
    assert client.post(f"{URL}{ann.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=ann.pk).exists()
    assert not Conversation.objects.exists()


def test_who_may_not_delete_what_a_user_owns_cannot_delete_the_user(staff, ann):
    staff.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "delete_user")))
    client = Client()
    client.force_login(staff)
    assert "Yes, I" in client.get(f"{URL}{ann.pk}/delete/").text
    conversation(ann, messages=1)
    html = client.get(f"{URL}{ann.pk}/delete/").text
    assert "<li>conversation</li>" in html
    assert client.post(f"{URL}{ann.pk}/delete/", {"post": "yes"}).status_code == 403


def test_several_are_deleted_by_name(root, ann, bob):
    client = Client()
    client.force_login(root)
    chosen = {"action": "delete_selected", "_selected_action": [ann.pk, bob.pk]}
    html = client.post(URL, chosen).text
    assert "<li>ann</li>" in html
    assert "<li>bob</li>" in html
    assert client.post(URL, {**chosen, "post": "yes"}).status_code == 302
    assert not User.objects.filter(pk__in=[ann.pk, bob.pk]).exists()


def test_the_sessions_say_why_they_are_over(root, ann, bob):
    client = Client()
    client.force_login(root)
    start_session(user=ann)
    change = {"password1": "another long password", "password2": "another long password", "usable_password": "true"}
    assert client.post(f"{URL}{ann.pk}/password/", change).status_code == 302
    start_session(user=bob)
    sessions = "/admin/llmselect_project/loginsession/"
    html = client.get(sessions).text
    assert 'field-state">ended by a new password<' in html
    assert 'field-state">open<' in html
    act(root, "deactivate", bob)
    assert 'field-state">closed while the user is deactivated<' in client.get(sessions).text
    prune_sessions()
    assert list(LoginSession.objects.values_list("user__username", flat=True)) == ["bob"]


def test_the_list_has_no_red_cross(root, ann):
    client = Client()
    client.force_login(root)
    html = client.get(URL).content.decode()
    assert "icon-no" not in html
    assert 'field-is_active_written">active<' in html
