"""Every model, and every way to change its rows: what is cached shows the truth at the next read."""

import uuid
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Comparison, ComparisonResult, Conversation, Message, SelectionSettings
from conversations.selection.service import known_of
from llmselect_project.accounts.sessions import start_session
from llmselect_project.models import ApiToken, LoginSession
from models_registry.catalogue.lookup import has_key, has_shared_key
from models_registry.models import Alias, APIKey, Budget, LLMModel, Provider, SharedKey
from models_registry.spending.budgets.charging import budgets_of
from models_registry.spending.models import Period
from perf.api.access import Access
from perf.caching.invalidation import EXEMPT, RULES
from perf.caching.querysets import InvalidatingQuerySet
from tests.helpers import PASSWORD, client_with, token_for
from tests.perf.serving.front import behind_front

pytestmark = pytest.mark.django_db(transaction=True)

# What is changed of a row so that some answer shows it, and whom else a row can be given to.
CHANGED = {
    "models_registry.Budget": {"token_id": UUID(int=2)},
    "auth.User": {"username": "changed"},
    "llmselect_project.LoginSession": {"password_stamp": "changed"},
    "llmselect_project.ApiToken": {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)},
    "conversations.Conversation": {"title": "changed"},
    "conversations.Message": {"content": "changed"},
    "conversations.Comparison": {"prompt": "changed"},
    "conversations.ComparisonResult": {"response": "changed"},
    "conversations.SelectionSettings": {"cents_for_better": 2.0},
    "models_registry.Provider": {"slug": "changed"},
    "models_registry.LLMModel": {"name": "changed"},
    "models_registry.Alias": {"name": "changed"},
    "models_registry.APIKey": {"provider": "other provider"},
    "models_registry.SharedKey": {"provider": "other provider"},
}
ALONE = {  # a row that is added changes no answer by itself
    "auth.User": "shown to nobody but who comes with it",
    "llmselect_project.LoginSession": "shown to nobody but who comes with it",
    "llmselect_project.ApiToken": "shown to nobody but who comes with it",
    "models_registry.Provider": "not shown without a model",
    "conversations.SelectionSettings": "shown to nobody but whose they are, and everybody has some",
}
GIVEN = {
    "llmselect_project.LoginSession": {"user": "bob"},
    "llmselect_project.ApiToken": {"user": "bob"},
    "conversations.Conversation": {"user": "bob"},
    "conversations.Message": {"conversation": "bob's conversation"},
    "conversations.Comparison": {"user": "bob"},
    "conversations.ComparisonResult": {"comparison": "bob's comparison"},
    "models_registry.APIKey": {"user": "bob"},
    "models_registry.Budget": {"user": "bob"},
}


class World:
    """Two users, each with something of everything; what belongs to Ann is found by the label of its model."""

    def __init__(self):
        self.others, self.rows, self.apis = {}, {}, []
        self.provider = Provider.objects.create(slug="one", name="One", kind="openai")
        self.others["other provider"] = Provider.objects.create(slug="two", name="Two", kind="openai")
        for name in ("bob", "ann"):  # ann's are the last, and stay in `rows`
            user = self.others[name] = User.objects.create_user(name, password=PASSWORD)
            self.user = user
            for label in CHANGED:
                if label not in ("auth.User", "llmselect_project.LoginSession", "llmselect_project.ApiToken"):
                    self.rows[label] = self._first(label)
            for credential in (start_session(user=user).access, token_for(user, name=f"{name}'s")):
                api = client_with(credential)
                behind_front(api)
                self.apis.append(api)
            self.others[f"{name}'s conversation"] = self.rows["conversations.Conversation"]
            self.others[f"{name}'s comparison"] = self.rows["conversations.Comparison"]
        self.rows["auth.User"] = user
        self.rows["llmselect_project.LoginSession"] = LoginSession.objects.get(user=user)
        self.rows["llmselect_project.ApiToken"] = ApiToken.objects.get(user=user)
        details = [f"/api/v1/conversations/{pk}" for pk in Conversation.objects.values_list("pk", flat=True)]
        self.paths = {
            "user_state": ["/api/v1/auth/me", "/api/v1/conversations"],
            "conversations": ["/api/v1/conversations", *details],
            "comparisons": ["/api/v1/comparisons"],
            "leaderboard": ["/api/v1/leaderboard", "/api/v1/leaderboard/pairs"],
            "models": ["/api/v1/models", "/v1/models"],
            "keys": [],
            "budgets": [],
            "selection": ["/api/v1/selection/settings"],
        }

    def _first(self, label):
        if label == "models_registry.Provider":
            return self.provider
        once = ("models_registry.Alias", "models_registry.LLMModel", "models_registry.SharedKey")  # everybody's
        row = self.new(label) if label not in once or self.user.username == "ann" else None
        if row is not None:
            row.save(force_insert=True)
        if label == "conversations.ComparisonResult":
            ComparisonResult.objects.create(comparison=row.comparison, index=1, provider="one", model="n")
            Comparison.objects.filter(pk=row.comparison_id).update(preferred_index=0, voted_at=timezone.now())
        return row

    def new(self, label):
        """Make a row of Ann's that is not stored yet."""
        unique = uuid.uuid4().hex[:8]
        parent = self.rows.get
        makers = {
            "auth.User": lambda: User(username=unique),
            "llmselect_project.LoginSession": lambda: LoginSession(
                user=self.user, password_stamp="new", expires_at=timezone.now()
            ),
            "llmselect_project.ApiToken": lambda: ApiToken(user=self.user, name=unique, digest=unique, prefix="llms_"),
            "conversations.Conversation": lambda: Conversation(user=self.user, provider="one", model="m", title=unique),
            "conversations.Message": lambda: Message(
                conversation=parent("conversations.Conversation"),
                role="user",
                content=unique,
                provider="one",
                model="m",
            ),
            "conversations.Comparison": lambda: Comparison(user=self.user, prompt=unique),
            "conversations.ComparisonResult": lambda: ComparisonResult(
                comparison=parent("conversations.Comparison"),
                index=ComparisonResult.objects.filter(comparison=parent("conversations.Comparison")).count(),
                provider="one",
                model="m",
            ),
            "conversations.SelectionSettings": lambda: SelectionSettings(
                user=User.objects.create_user(unique)
                if SelectionSettings.objects.filter(user=self.user).exists()
                else self.user,
                cents_for_better=1.0,
            ),
            "models_registry.Provider": lambda: Provider(slug=unique, name=unique, kind="openai"),
            "models_registry.LLMModel": lambda: LLMModel(provider=self.provider, model_id=unique, name=unique),
            "models_registry.Alias": lambda: Alias(name=unique, candidates=["one/m"]),
            "models_registry.APIKey": lambda: APIKey(
                user=self.user,
                provider=self.provider
                if not APIKey.objects.filter(user=self.user, provider=self.provider).exists()
                else self.others["other provider"],
                key_encrypted="x",
            ),
            "models_registry.Budget": lambda: Budget(
                user=self.user, period=self.period(), limit=1, period_start=timezone.now()
            ),
            "models_registry.SharedKey": lambda: SharedKey(
                provider=self.others["other provider"] if SharedKey.objects.exists() else self.provider,
                key_encrypted="x",
            ),
        }
        return makers[label]()

    def period(self):
        """Choose one for which nobody has a budget yet, so that each can be given to the other user."""
        taken = Budget.objects.values_list("period", flat=True)
        return next(each for each in Period.values if each not in taken)

    def seen(self, *names):
        """Read what is cached in these namespaces, as both users see it."""
        answers = [(path, api.get(path)) for api in self.apis for name in names for path in self.paths[name]]
        read = [(path, answer.status_code, answer.content) for path, answer in answers]
        keys = [
            has_key(user.pk, provider)
            for user in (self.others["ann"], self.others["bob"])
            for provider in (self.provider, self.others["other provider"])
            if user.pk and provider.pk
        ]
        providers = (self.provider, self.others["other provider"])
        keys += [has_shared_key(provider) for provider in providers if provider.pk]
        budgets = [budgets_of(Access(user.pk)) for user in (self.others["ann"], self.others["bob"]) if user.pk]
        known = [known_of(user.pk) for user in (self.others["ann"], self.others["bob"]) if user.pk]
        chosen = [(each.settings.cents_for_better, each.posterior.votes, sorted(each.candidates)) for each in known]
        return read, keys, budgets, chosen

    def values(self, wanted):
        return {name: self.others.get(value, value) for name, value in wanted.items()}


@pytest.fixture
def world(settings):
    settings.SYSTEM_API_KEYS = {}
    return World()


def shown(label):
    """Name the namespaces that rows of a model are shown in."""
    return [namespace.name for namespace in RULES[label].namespaces]


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def assigned(row, values):
    row = fresh(row)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def same(row):
    return type(row).objects.filter(pk=row.pk)


def fields(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def upsert(row, values):
    type(row).objects.bulk_create(
        [assigned(row, values)], update_conflicts=True, unique_fields=[row._meta.pk.name], update_fields=list(values)
    )


ALTER = {
    "save": lambda row, values: assigned(row, values).save(),
    "save of some fields": lambda row, values: assigned(row, values).save(update_fields=list(values)),
    "save of a row made anew": lambda row, values: type(row)(**fields(assigned(row, values))).save(force_update=True),
    "update": lambda row, values: same(row).update(**values),
    "update through the base manager": lambda row, values: type(row)._base_manager.filter(pk=row.pk).update(**values),
    "bulk_update": lambda row, values: type(row).objects.bulk_update([assigned(row, values)], list(values)),
    "update_or_create": lambda row, values: type(row).objects.update_or_create(pk=row.pk, defaults=values),
    "bulk_create over what is there": upsert,
}
ADD = {
    "save": lambda row: row.save(),
    "create": lambda row: type(row).objects.create(**fields(row)),
    "get_or_create": lambda row: type(row).objects.get_or_create(pk=row.pk or 10**6, defaults=fields(row)),
    "update_or_create": lambda row: type(row).objects.update_or_create(pk=row.pk or 10**6, defaults=fields(row)),
    "bulk_create": lambda row: type(row).objects.bulk_create([row]),
}
DELETE = {
    "delete": lambda row: fresh(row).delete(),
    "delete of a queryset": lambda row: same(row).delete(),
    "the admin's page": lambda row: by_admin(row, "delete"),
    "the admin's action": lambda row: by_admin(row, "action"),
}


def by_admin(row, how):
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    if type(row) not in admin.site._registry:
        pytest.skip("not in the admin")
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    if how == "delete":
        response = client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        response = client.post(reverse(f"{name}_changelist"), chosen)
    assert response.status_code == 302


def parents():
    """Name the foreign keys of all registered models that a related manager leads back from."""
    for label in RULES:
        for field in apps.get_model(label)._meta.concrete_fields:
            if field.many_to_one and not field.remote_field.hidden:
                yield label, field.name


RELATED = {
    "create": lambda manager, row, other: manager.create(
        **{name: value for name, value in fields(row).items() if name != manager.field.attname}
    ),
    "add": lambda manager, row, other: manager.add(other),
    "add one by one": lambda manager, row, other: manager.add(other, bulk=False),
    "set": lambda manager, row, other: manager.set([other]),
    "update": lambda manager, row, other: manager.update(**other.changed),
    "delete": lambda manager, row, other: manager.all().delete(),
}


def is_true(world, change, *names):
    """Tell of a change that whoever reads next is told the truth, and that it makes a difference."""
    names = names or world.paths
    world.seen(*names)  # a miss; the hit that follows is remembered by the layer in front of Django
    before = world.seen(*names)
    change()
    after = world.seen(*names)
    cache.clear()
    truth = world.seen(*names)
    assert after == truth
    assert after != before


def test_every_model_is_registered_or_exempt():
    labels = {model._meta.label for model in apps.get_models()}
    assert labels - RULES.keys() - EXEMPT.keys() == set()
    assert RULES.keys() & EXEMPT.keys() == set()
    assert CHANGED.keys() == RULES.keys()
    assert GIVEN.keys() == {label for label, rule in RULES.items() if rule.field is not None}


@pytest.mark.parametrize("label", RULES)
def test_every_registered_model_is_made_of_querysets_that_obey(label):
    model, rule = apps.get_model(label), RULES[label]
    assert isinstance(model._default_manager.all(), InvalidatingQuerySet)
    assert model is User or isinstance(model._base_manager.all(), InvalidatingQuerySet)
    if rule.through_parent:
        parent = RULES[model._meta.get_field(rule.field).related_model._meta.label]
        assert set(rule.namespaces) <= set(parent.namespaces)


@pytest.mark.parametrize("way", ALTER)
@pytest.mark.parametrize("label", CHANGED)
def test_a_row_that_is_altered(world, label, way):
    if (label, way) == ("auth.User", "update through the base manager"):
        pytest.skip("nothing refers from a user to a parent, so nothing uses it")
    is_true(world, lambda: ALTER[way](world.rows[label], world.values(CHANGED[label])), *shown(label))


@pytest.mark.parametrize("way", ALTER)
@pytest.mark.parametrize("label", GIVEN)
def test_a_row_that_is_given_to_another(world, label, way):
    other = world.values(GIVEN[label])
    if label == "conversations.ComparisonResult":
        other["index"] = 7
    if label == "models_registry.APIKey":
        APIKey.objects.filter(user=other["user"]).delete()
    is_true(world, lambda: ALTER[way](world.rows[label], other), *shown(label))


def test_a_row_that_is_given_away_by_an_expression(world):
    bob = User.objects.filter(username="bob").values("pk")
    is_true(world, lambda: Conversation.objects.filter(user=world.user).update(user_id=bob[:1]))
    is_true(world, lambda: Message.objects.update(content=Concat(F("content"), Value("!"))))


@pytest.mark.parametrize("way", ADD)
@pytest.mark.parametrize("label", CHANGED)
def test_a_row_that_is_added(world, label, way):
    row = world.new(label)
    change = lambda: ADD[way](row)  # noqa: E731
    if label in ALONE:
        pytest.skip(ALONE[label])
    is_true(world, change, *shown(label))


@pytest.mark.parametrize("way", DELETE)
@pytest.mark.parametrize("label", CHANGED)
def test_a_row_that_is_deleted(world, label, way):
    is_true(world, lambda: DELETE[way](world.rows[label]), *shown(label))


@pytest.mark.parametrize("way", RELATED)
@pytest.mark.parametrize(("label", "field"), list(parents()))
def test_rows_changed_through_what_they_belong_to(world, label, field, way):
    row = world.rows[label]
    if way == "create" and label in ALONE:
        pytest.skip(ALONE[label])
    accessor = row._meta.get_field(field).remote_field.get_accessor_name()
    other = fresh(row)
    if way in ("add", "add one by one", "set"):  # from Ann's to Bob's
        given = {"provider": "other provider"}.get(field) or GIVEN[label][field]
        parent = world.others[given]
        if label == "conversations.ComparisonResult":
            same(row).update(index=7)
            other = fresh(row)
        if label == "models_registry.APIKey" and field == "user":
            APIKey.objects.filter(user=parent).delete()
    else:
        parent = getattr(row, field)
    other.changed = world.values(CHANGED[label])
    if label == "models_registry.APIKey":
        APIKey.objects.filter(user__username="bob").delete()
        other.changed = {"provider": world.others["other provider"]}
    new = world.new(label)
    if label == "models_registry.APIKey" and way == "create":
        same(row).delete()
        new.provider = world.provider
    is_true(world, lambda: RELATED[way](getattr(parent, accessor), new, other), *shown(label))


@pytest.mark.parametrize("way", ["delete", "delete of a queryset"])
@pytest.mark.parametrize(("label", "field"), list(parents()))
def test_rows_that_go_with_what_they_belong_to(world, label, field, way):
    is_true(world, lambda: DELETE[way](getattr(world.rows[label], field)), *shown(label))
