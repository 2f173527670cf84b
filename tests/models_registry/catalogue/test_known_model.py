"""What the registry knows of a model is remembered, also that it knows nothing, and forgotten with every change."""

import pytest

from models_registry.catalogue.lookup import known_model
from models_registry.models import LLMModel

pytestmark = pytest.mark.django_db(transaction=True)

APPEAR = {
    "created": lambda provider: LLMModel.objects.create(provider=provider, model_id="new", name="New"),
    "in bulk": lambda provider: LLMModel.objects.bulk_create([LLMModel(provider=provider, model_id="new", name="New")]),
    "renamed": lambda _: LLMModel.objects.filter(model_id="stub").update(model_id="new"),
}


@pytest.mark.parametrize("model", ["stub", "new"])
def test_a_cached_look_up_takes_no_query(openai, django_assert_num_queries, model):
    with django_assert_num_queries(1):
        known = known_model(openai, model)
    with django_assert_num_queries(0):
        assert known_model(openai, model) == known


@pytest.mark.parametrize("appear", APPEAR.values(), ids=APPEAR)
def test_a_new_model_is_found_at_once(openai, appear):
    assert known_model(openai, "new") is None
    appear(openai)
    assert known_model(openai, "new") is not None


def test_a_deleted_model_is_no_longer_found(openai):
    assert known_model(openai, "stub") is not None
    LLMModel.objects.all().delete()
    assert known_model(openai, "stub") is None
