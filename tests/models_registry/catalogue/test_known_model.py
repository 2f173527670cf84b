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


def test_it_carries_what_a_call_needs(openai, django_assert_num_queries):
    tiers = [
        {"above": "0", "input": "1", "output": "2", "cache_write_1h": "3"},
        {"above": "9", "input": "2", "output": "4"},
    ]
    values = {"price_tiers": tiers, "cache_read_price": "0.1", "reasoning": True, "source": "catalogue"}
    LLMModel.objects.filter(model_id="stub").update(**values)
    stored = LLMModel.objects.get(model_id="stub")
    for _ in range(2):
        known = known_model(openai, "stub")
    with django_assert_num_queries(0):
        for length in (9, 10):
            assert known.rates(length) == stored.rates(length) is not None
        assert (known.reasoning, known.source, known.price_tiers) == (True, "catalogue", tiers)
        assert (known.cache_read_price, known.cache_write_price) == (stored.cache_read_price, None)
        assert (known.max_output_tokens, known.pk) == (stored.max_output_tokens, stored.pk)


@pytest.mark.parametrize("appear", APPEAR.values(), ids=APPEAR)
def test_a_new_model_is_found_at_once(openai, appear):
    assert known_model(openai, "new") is None
    appear(openai)
    assert known_model(openai, "new") is not None


def test_a_deleted_model_is_no_longer_found(openai):
    assert known_model(openai, "stub") is not None
    LLMModel.objects.all().delete()
    assert known_model(openai, "stub") is None
