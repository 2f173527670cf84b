"""Rows for scratch databases: enough for a planner to prefer indexes, one user with many and one long conversation."""

from uuid import uuid4

from django.contrib.auth.models import User

from conversations.demo.seed import Amount, seed
from conversations.models import RepeatableRequest


def fill() -> None:
    """Add demo users, conversations, comparisons and Idempotency-Keys."""
    seed(Amount(users=1, conversations=1, messages=120, comparisons=0))
    seed(Amount(users=60, conversations=50, messages=4, comparisons=20, heavy_user=1500))
    attempt = uuid4()
    RepeatableRequest.objects.bulk_create(
        RepeatableRequest(user=user, operation="chat", key=str(number), digest="-", attempt=attempt)
        for user in User.objects.all()
        for number in range(50)
    )
