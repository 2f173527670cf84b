"""Rows for scratch databases: the catalogue with a history, and keys of every user, though none that opens."""

import json
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from models_registry.catalogue.sync import sync
from models_registry.models import APIKey, LLMModel, ModelChange, Provider

CHANGES = 60  # of each model


def fill() -> None:
    """Add models, their changes and keys."""
    sync(check=False)
    start = timezone.now() - timedelta(days=CHANGES)
    ModelChange.objects.bulk_create(
        ModelChange(
            model=model,
            changed_at=start + timedelta(days=day),
            field="available",
            old=json.dumps(day % 2 == 0),
            new=json.dumps(day % 2 == 1),
            source=LLMModel.Source.PROVIDER,
        )
        for model in LLMModel.objects.all()
        for day in range(CHANGES)
    )
    providers = list(Provider.objects.filter(requires_key=True))
    APIKey.objects.bulk_create(
        APIKey(user_id=user_id, provider=provider, key_encrypted="-" * 140, masked="…0000")
        for user_id in User.objects.values_list("pk", flat=True)
        for provider in providers
    )
