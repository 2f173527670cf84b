"""The deletion of an account, table by table: each table is of a kind below, and a new one fails until it is, too."""

import time
import uuid
from decimal import Decimal
from io import BytesIO

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from conversations.files import contents
from conversations.files.models import FileUse
from conversations.files.service import store
from conversations.history.importing.models import Import, Imported
from conversations.models import (
    Comparison,
    ComparisonResult,
    Conversation,
    Message,
    PromptSet,
    RepeatableRequest,
    Replay,
)
from conversations.selection.models import SelectionSettings
from llmselect_project.models import KnownPlace
from models_registry.keys.storage import store_key
from models_registry.models import Budget, Provider, Reservation, SharedKey, UsageDay, UsageEntry
from perf.jobs.table import enqueue
from tests.helpers import PASSWORD, client_for, token_for

pytestmark = pytest.mark.django_db(transaction=True)

# Rows that are gone with their user.
OWNED = {
    "auth.User",
    "auth.User_groups",
    "auth.User_user_permissions",
    "admin.LogEntry",
    "llmselect_project.LoginSession",
    "llmselect_project.RefreshToken",
    "llmselect_project.KnownPlace",
    "llmselect_project.ApiToken",
    "conversations.Conversation",
    "conversations.Message",
    "conversations.Comparison",
    "conversations.ComparisonResult",
    "conversations.RepeatableRequest",
    "conversations.Share",
    "conversations.Import",
    "conversations.Imported",
    "conversations.PromptSet",
    "conversations.Replay",
    "conversations.SelectionSettings",
    "conversations.StoredFile",
    "conversations.FileUse",
    "models_registry.Budget",
    "models_registry.APIKey",
}
# Rows that stay, and no longer say whose they are.
ANONYMOUS = {
    "models_registry.UsageEntry",
    "models_registry.UsageDay",
    "models_registry.Reservation",
    "models_registry.SharedKey",  # which the user shared with everybody
}
# Rows that refer to nobody, and are deleted with what refers to them.
WITH_OTHERS = {"perf.Job"}
SEVERAL = {"perf.Job": 2}  # rows that `fill` makes, where it is not one: of an import and of a replay
# Rows that are nobody's.
OF_ALL = {
    "models_registry.UsageTotal",
    "models_registry.UsageMark",
    "models_registry.Provider",
    "models_registry.LLMModel",
    "models_registry.Alias",
    "models_registry.ModelChange",
    "perf.TimingBlock",
    "perf.UndeliveredInvalidation",
    "auth.Permission",
    "auth.Group",
    "auth.Group_permissions",
    "contenttypes.ContentType",
    # A browser's other logins hold the number of a user that is gone, until `manage.py prune`.
    "sessions.Session",
}
# Tables without a model: the text index of SQLite, and Django's own list of migrations.
INDEX = {"searchentry", "searchtext", "searchtext_config", "searchtext_data", "searchtext_docsize", "searchtext_idx"}
UNMODELLED = {"django_migrations", *(f"conversations_{name}" for name in INDEX)}
EVERY = list(apps.get_models(include_auto_created=True))


def of(labels):
    return [model for model in EVERY if model._meta.label in labels]


def fill(name, provider):
    """Make an account with a row in each table; the name stands in every text that the user may have written."""
    user = User.objects.create_user(name, email=f"{name}@example.org", password=PASSWORD, first_name=name)
    user.groups.add(Group.objects.get_or_create(name="everybody")[0])
    user.user_permissions.add(Permission.objects.first())
    token_for(user, name=f"{name} token")
    store_key(user=user, provider=provider, key=f"sk-{name}", override_system_key=False)
    KnownPlace.objects.create(user=user, network=f"{name} network")
    place, whose = {"provider": provider.slug, "model": "m"}, {"user": user, "token_id": uuid.uuid4()}
    conversation = Conversation.objects.create(user=user, title=name, system=name, preview=name, **place)
    Message.objects.create(conversation=conversation, role="user", content=name, parts=[{"text": name}], **place)
    comparison = Comparison.objects.create(user=user, prompt=name, analysis=name)
    job = enqueue("import", {"note": name}, owner=str(user.pk))
    brought = Import.objects.create(user=user, job=job, name=name, problems=[name])
    Imported.objects.create(by=brought, conversation=conversation, original_id=name)
    SelectionSettings.objects.create(user=user, default_model=name)
    kept = PromptSet.objects.create(user=user, name=name, prompts=[{"turns": [name]}])
    again = enqueue("replay", {"note": name}, owner=str(user.pk))
    Replay.objects.create(user=user, job=again, prompt_set=kept, plan=[{"question": name}], stopped_message=name)
    file = store(user_id=user.pk, stream=BytesIO(name.encode()), name=f"{name}.txt")
    FileUse.objects.create(file=file, comparison=comparison)
    ComparisonResult.objects.create(comparison=comparison, index=0, response=name, reasoning=name, **place)
    keyed = {"operation": "chat", "digest": "-", "attempt": uuid.uuid4()}
    RepeatableRequest.objects.create(user=user, key=name, conversation=conversation, **keyed)
    client_for(user).post(f"/api/v1/conversations/{conversation.pk}/share", {"system": True})
    Budget.objects.create(user=user, token_name=name, period="day", limit=1, period_start=timezone.now())
    used = {"endpoint": "chat", "token_name": name, **whose, **place}
    UsageEntry.objects.create(day="2026-01-01", cost=Decimal(1), requests=1, **used)
    UsageDay.objects.create(day="2026-01-01", cost=Decimal(1), requests=1, **used)
    Reservation.objects.create(amount=1, budgets=[], expires_at=timezone.now(), **used)
    shared = Provider.objects.create(slug=f"of-{user.pk}", name="Shared", kind="openai")
    SharedKey.objects.create(provider=shared, key_encrypted="x", set_by=user)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=user, content_type=kind, object_id=str(user.pk), object_repr=name, action_flag=ADDITION
    )
    return user


def tables_with(text):
    """Name the tables in any column of which a text stands, whatever the column is."""
    found = set()
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            values = [value for row in cursor.fetchall() for value in row]
        if any(text in str(bytes(value) if isinstance(value, memoryview) else value) for value in values):
            found.add(table)
    return found


def test_every_table_is_of_one_kind():
    labels = [model._meta.label for model in EVERY]
    assert sorted(labels) == sorted([*OWNED, *ANONYMOUS, *WITH_OTHERS, *OF_ALL])
    tables = set(connection.introspection.table_names())
    assert tables - {model._meta.db_table for model in EVERY} <= UNMODELLED


def test_what_leads_to_a_user_is_not_taken_for_nobodys():
    """A table that refers to users, or to rows of users, is owned or made anonymous."""
    personal, before = set(), {"auth.User"}
    while before != personal:
        personal = set(before)
        before |= {
            model._meta.label
            for model in EVERY
            for field in model._meta.get_fields()
            if field.concrete
            and (field.many_to_one or field.one_to_one)
            and field.related_model._meta.label in personal & OWNED
        }
    assert personal == OWNED | ANONYMOUS


def test_everything_of_an_account_goes_and_of_others_nothing(openai):
    bob, ann = fill("bobolink", openai), fill("annabella", openai)
    for model in of(OWNED | ANONYMOUS | WITH_OTHERS):
        rows = SEVERAL.get(model._meta.label, 1)
        assert model._default_manager.count() == 2 * rows, f"`fill` makes no row of {model._meta.label}"
    api = client_for(ann)
    for path in ("conversations", "conversations?search=annabella", "comparisons", "leaderboard", "tokens", "budgets"):
        assert api.get(f"/api/v1/{path}").status_code == 200  # fills the caches
    assert "conversations_message" in tables_with("annabella")
    assert api.delete("/api/v1/auth/me", {"password": PASSWORD}).status_code == 204

    gone = OWNED | WITH_OTHERS
    assert {model._meta.label: model._default_manager.count() for model in of(gone)} == {
        label: SEVERAL.get(label, 1) for label in gone
    }
    assert {model._meta.label: model._default_manager.count() for model in of(ANONYMOUS)} == dict.fromkeys(ANONYMOUS, 2)
    for model in (UsageEntry, UsageDay, Reservation):
        kept = model.objects.exclude(user=bob).get()
        assert (kept.user_id, kept.token_id, kept.token_name) == (None, None, "")
    assert SharedKey.objects.exclude(set_by=bob).get().set_by_id is None
    end = time.monotonic() + 10  # a thread merges SQLite's text index
    while (left := tables_with("annabella")) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == set()
    assert [len(list(contents.contents_of(user.pk))) for user in (ann, bob)] == [0, 1]
    assert api.get("/api/v1/conversations").status_code == 401
    found = client_for(bob).get("/api/v1/conversations?search=bobolink").json()["results"]
    assert [row["title"] for row in found] == ["bobolink"]
    cache.clear()
