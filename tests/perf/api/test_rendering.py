"""JSON by orjson: what REST framework's encoder writes, byte for byte."""

import json
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer

from models_registry.calls.costs import CostSource
from perf.api.rendering import OrjsonRenderer, encode

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        [0.1, 1e16, 1e22, -0.0, 1.0, 123456789.123, 5e-324, 1.7976931348623157e308, 0.000123],
        [2**63, 2**64, -(2**70), True, None],
        'é\u2028\u2029\u2019\u2013😀\x00\x1f\x7f/<>&"\\',
        [MOMENT, MOMENT.replace(microsecond=0), MOMENT.replace(tzinfo=None), MOMENT.astimezone(ZoneInfo("UTC"))],
        [MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))), date(2026, 1, 2), time(1, 2, 3), timedelta(1.5)],
        [uuid.UUID(int=7), Decimal("1.2300"), Decimal("1E-12"), CostSource.LEGACY, b"abc"],
        [mark_safe("<b>"), gettext_lazy("hello"), ErrorDetail("no", code="invalid")],
        [OrderedDict(b=1, a=2), {1: 2}, {CostSource.LEGACY: 1}, {mark_safe("k"): 1}, (1, 2), {3}],
        None,
        {},
    ],
)
def test_the_bytes_are_those_of_rest_framework(value):
    assert OrjsonRenderer().render(value) == JSONRenderer().render(value)


def test_small_numbers_are_the_same_numbers():
    assert encode([1e-5, 0.00002]) == b"[0.00001,0.00002]"
    assert json.loads(encode([1e-5, 0.00002])) == [1e-5, 0.00002]


def test_what_is_no_number_is_null():
    assert encode([float("nan"), float("inf")]) == b"[null,null]"


def test_half_a_character_is_refused_as_before():
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")


@pytest.mark.parametrize("value", [object(), {"a": object()}])
def test_other_types_are_refused(value):
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("context", [({"indent": 2}, None), ({}, "application/json; indent=2")])
def test_an_indent_is_kept(context):
    more, media_type = context
    assert OrjsonRenderer().render({"a": [1]}, media_type, more) == b'{\n  "a": [\n    1\n  ]\n}'
