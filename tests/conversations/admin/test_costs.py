"""What the admin says of costs: how a sum is made, and by whose prices."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conversations.admin.costs import in_full, priced_by
from conversations.models import Message
from models_registry.calls.costs import CostSource
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import conversation

PRICES = {"input_price": Decimal(3), "output_price": Decimal("15.000000"), "cost_source": CostSource.LIST}
CACHED = {"cache_read_tokens": 9000, "cache_read_price": Decimal("0.3"), "cache_write_tokens": 400}


def call(cost, sent, received, **more):
    return Message(cost=Decimal(cost), prompt_tokens=sent, completion_tokens=received, **{**PRICES, **more})


@pytest.mark.parametrize(
    ("row", "written"),
    [
        (call("0.000162", 9, 9), "$0.000162 = 9 \u00d7 $3 + 9 \u00d7 $15 per million tokens"),
        (
            call("0.004353", 9406, 9, **CACHED, cache_write_price=Decimal("3.75")),
            "$0.004353 = 9,000 \u00d7 $0.30 + 400 \u00d7 $3.75 + 6 \u00d7 $3 + 9 \u00d7 $15 per million tokens",
        ),
        (call("0.1", 9, 9), "$0.1"),  # some of the tokens had another price
        (call("0.000162", 9, 9, input_price=None), "$0.000162"),
        (call("0", 9, 9, input_price=Decimal(0), output_price=Decimal(0)), "$0"),
        (Message(), "\u2013"),
    ],
)
def test_how_a_cost_is_made(row, written):
    assert in_full(row) == written


def test_whose_prices_they_are():
    assert priced_by(call("1", 9, 9)) == "list prices: input $3, output $15 per million tokens"
    assert priced_by(Message(cost=1)) == "list prices, all tokens alike"
    assert priced_by(Message()) == "\u2013"


@pytest.mark.django_db
def test_the_pages_of_messages_and_comparisons_show_both(ann):
    desk = Client()
    desk.force_login(User.objects.create_superuser("root"))
    figures = {**PRICES, "cost": "0.000162", "prompt_tokens": 9, "completion_tokens": 9}
    row = conversation(ann, messages=2)
    row.messages.update(**figures)
    compared = comparison(ann, *MODELS, prompt="Which?")
    compared.results.update(**figures)
    message = row.messages.filter(role="assistant").get()
    for path in (f"message/{message.pk}", f"comparison/{compared.pk}"):
        html = desk.get(f"/admin/conversations/{path}/change/").text
        assert "$0.000162 = 9 \u00d7 $3 + 9 \u00d7 $15 per million tokens" in html
        assert "list prices: input $3, output $15 per million tokens" in html
