"""Migrations say what the models say, with the indexes of the design, and can be undone."""

import pytest
from django.core.management import call_command
from django.db import connection

from conversations.models import Conversation, Message
from models_registry.models import APIKey, LLMModel, ModelChange

APPS = ["conversations", "models_registry", "llmselect_project"]


@pytest.mark.django_db
def test_nothing_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def constraints(model):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, model._meta.db_table)


INDEXES = [
    (Conversation, "idx_conversation_user_created", ["user_id", "created_at", "id"], ["ASC", "DESC", "DESC"]),
    (Conversation, "idx_conversation_user_recent", ["user_id", "last_message_at", "id"], ["ASC", "DESC", "DESC"]),
    (
        Conversation,
        "idx_conversation_user_provider",
        ["user_id", "provider", "last_message_at", "id"],
        ["ASC", "ASC", "DESC", "DESC"],
    ),
    (
        Conversation,
        "idx_conversation_user_model",
        ["user_id", "model", "last_message_at", "id"],
        ["ASC", "ASC", "DESC", "DESC"],
    ),
    (
        Conversation,
        "idx_conversation_prov_created",
        ["user_id", "provider", "created_at", "id"],
        ["ASC", "ASC", "DESC", "DESC"],
    ),
    (
        Conversation,
        "idx_conversation_model_created",
        ["user_id", "model", "created_at", "id"],
        ["ASC", "ASC", "DESC", "DESC"],
    ),
    (Message, "idx_message_conv_created", ["conversation_id", "created_at", "id"], ["ASC", "ASC", "ASC"]),
    (ModelChange, "idx_modelchange_recent", ["model_id", "changed_at", "id"], ["ASC", "DESC", "DESC"]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "name", "columns", "orders"), INDEXES)
def test_indexes(model, name, columns, orders):
    index = constraints(model)[name]
    assert (index["columns"], index["orders"], index["unique"]) == (columns, orders, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "columns"), [(LLMModel, ["provider_id", "model_id"]), (APIKey, ["user_id", "provider_id"])]
)
def test_unique_together(model, columns):
    assert any(each["unique"] and each["columns"] == columns for each in constraints(model).values())


@pytest.mark.django_db
def test_the_keys_index_has_its_name():
    assert constraints(APIKey)["idx_apikeys_user_provider"]["unique"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("app", APPS)
def test_they_can_be_undone(app):
    try:
        call_command("migrate", app, "zero", verbosity=0)
        tables = connection.introspection.table_names()
        assert not [table for table in tables if table.startswith(f"{app}_")]
    finally:
        call_command("migrate", verbosity=0)
