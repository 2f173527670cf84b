"""Tokens that are signed with the right key and claim what we never sign: 401 wherever a token is read, never a 500."""

import json

import jwt
import pytest
from django.conf import settings as configured
from rest_framework.test import APIClient

from tests.helpers import client_with, error, login
from tests.security.access_table import PRIVATE, STAFF, TABLE
from tests.security.routes import path_of

pytestmark = pytest.mark.django_db

REFUSED = error("token_not_valid", "The token is invalid or expired.")
GONE = object()  # the claim is left out
ODD = [
    None,
    GONE,
    True,
    False,
    "",
    " ",
    "x",
    -1,
    0,
    1.5,
    2**63,
    10**30,
    [],
    ["x"],
    {},
    {"a": 1},
    "\0",
    "\ud800",
    "9" * 5000,
]
TIMES = [*ODD, 1e300, float("inf"), float("nan"), 253_402_300_800, 2**53, "2000000000", 2_000_000_000.0]
CLAIMS = {
    "exp": TIMES,
    "user_id": [*ODD, 1, 1.0, "-1", "0", "01", "+1", " 1", "1_0", "\uff11", "1.0", str(2**63), "1e3"],
    "sid": [*ODD, 7, "{sid}", "urn:uuid:{sid}", "{{{sid}}}"],
    "token_type": [*ODD, "sliding", "ACCESS"],
}
# Left out they are as they were never signed, or are never looked at.
OPTIONAL = {
    "iat": [odd for odd in TIMES if odd is not GONE and odd != 0],
    "nbf": [odd for odd in TIMES if odd not in (GONE, 0)],
}
JTI = [*ODD, "00000000", 7]


def signed(token, name, value):
    claims = jwt.decode(token, options={"verify_signature": False})
    claims.pop(name, None)
    if value is not GONE:
        claims[name] = value
    return jwt.encode(claims, configured.SECRET_KEY, algorithm="HS256")


def odd_tokens(token, **claims):
    """Sign one token for each odd value; what looks like one of ours but for how its id is written is among them."""
    session = jwt.decode(token, options={"verify_signature": False})["sid"]
    for name, values in claims.items():
        for value in values:
            text = value.format(sid=session).upper() if isinstance(value, str) and "{sid}" in value else value
            yield (name, value), signed(token, name, text)


def test_every_odd_claim_of_an_access_token_is_refused(ann):
    token = login()["access"]
    assert client_with(signed(token, "nbf", 1)).get("/api/v1/auth/me").status_code == 200
    answers = {}
    for which, odd in odd_tokens(token, **CLAIMS, **OPTIONAL):
        response = client_with(odd).get("/api/v1/auth/me")
        answers[repr(which)] = (response.status_code, response.json())
    assert {which: answer for which, answer in answers.items() if answer != (401, REFUSED)} == {}
    assert len(answers) > 100


@pytest.mark.parametrize("path", ["/api/v1/auth/refresh", "/api/v1/auth/logout"])
def test_every_odd_claim_of_a_refresh_token_is_refused(ann, path):
    token = login()["refresh"]
    answers = {}
    for which, odd in odd_tokens(token, **CLAIMS, **OPTIONAL, jti=JTI):
        response = APIClient().post(path, {"refresh": odd})
        expected = 400 if len(odd) > 2000 else 401  # what is longer than any token of ours is no body
        answers[repr(which)] = (response.status_code, expected)
    assert {which: answer for which, answer in answers.items() if answer[0] != answer[1]} == {}


@pytest.mark.parametrize("route", [route for route, row in TABLE.items() if row.default in (PRIVATE, STAFF)])
def test_every_endpoint_refuses_them(ann, route):
    path = path_of(
        route,
        pk="00000000-0000-0000-0000-000000000001",
        provider="echo",
        model_id="echo-fast",
        name="x",
        response_id="x",
    )
    claims = {"exp": [10**30, 1e300], "sid": [[], {}], "user_id": [2**63, True, ["1"]]}
    for _, odd in odd_tokens(login()["access"], **claims):
        for method in ("GET", "POST", "DELETE"):
            response = client_with(odd).generic(method, path, json.dumps({}), content_type="application/json")
            body = response.json()
            assert response.status_code == 401
            assert body == REFUSED or body["error"]["message"] == REFUSED["message"]  # /v1 has its protocols' shapes
