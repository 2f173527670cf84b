"""Nobody may keep what an endpoint answers, unless it says so."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/api/v1/conversations?search=x", "private, no-cache"),
        ("/api/v1/conversations", "private, no-cache"),
        ("/api/v1/nothing", "private, no-cache"),
        ("/api/v1/models", "public, no-cache"),
        ("/api/v1/auth/me", "no-store"),
        ("/api/v1/keys", "no-store"),
        ("/api/v1/tokens", "no-store"),
        ("/health", "no-store"),
    ],
)
def test_policy(api, path, policy):
    assert api.get(path).headers["Cache-Control"] == policy
