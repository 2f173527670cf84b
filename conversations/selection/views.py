"""The choice of models over HTTP: its explanation, and its settings."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.selection import examples
from conversations.selection.candidates import Needs
from conversations.selection.explaining import explained
from conversations.selection.models import SelectionSettings
from conversations.selection.serializers import (
    SelectInput,
    SelectOutput,
    SettingsInput,
    SettingsOutput,
    settings_row,
)
from conversations.selection.service import settings_of
from models_registry.api.requests import current_user
from models_registry.calls.collected import prompt_tokens
from models_registry.catalogue.lookup import existing_model
from models_registry.providers.base import Prompt, Turn
from perf.api.access import access_of
from perf.api.base import UncachedView
from perf.api.validation import valid


class SelectView(UncachedView, APIView):
    """POST /select."""

    @extend_schema(request=SelectInput, responses=SelectOutput, examples=examples.SELECT, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Explain which model would be chosen.

        Says what `{"model": "auto"}` of `POST /api/v1/chat` would do with a message, and calls no model: all
        candidates with what your votes say of them for such prompts, what an answer is likely to cost and take, and how
        likely each is to be chosen; and the models that cannot take the request. `compare_suggested` are two models
        whose comparison would improve the choice most.
        """
        data = valid(SelectInput, request.data)
        turns = data.get("messages") or [{"role": "user", "content": data["message"]}]
        prompt = Prompt(messages=[Turn(**turn) for turn in turns], system=data.get("system"))
        needs = Needs(prompt_tokens(prompt) + (data.get("max_tokens") or 0), data["images"], data["tools"])
        return Response(explained(access=access_of(request), needs=needs, text=turns[-1]["content"]))


class SettingsView(UncachedView, APIView):
    """GET, PUT and DELETE /selection/settings."""

    @extend_schema(responses=SettingsOutput, examples=examples.SETTINGS, tags=["chat"])
    def get(self, request: Request) -> Response:
        """Show the settings of the choice.

        Which models it is made from, which one answers while votes are few, and what a better answer is worth to you.
        """
        return Response(settings_row(settings_of(current_user(request).pk)))

    @extend_schema(request=SettingsInput, responses=SettingsOutput, examples=examples.SET, tags=["chat"])
    def put(self, request: Request) -> Response:
        """Set all settings of the choice.

        What is left out is as at the beginning: all models that you have a key for and voted on, no default model, and
        neither cost nor time counts.
        """
        values = _columns(valid(SettingsInput, request.data))
        owner = current_user(request).pk
        SelectionSettings.objects.update_or_create(user_id=owner, defaults=values)
        return Response(settings_row(SelectionSettings(user_id=owner, **values)))

    @extend_schema(responses={204: None}, tags=["chat"])
    def delete(self, request: Request) -> Response:
        """Reset the settings of the choice.

        They are as at the beginning then. Your votes stay.
        """
        SelectionSettings.objects.filter(pk=current_user(request).pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


def _columns(data: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of validated settings; raises UnknownModel and ModelDeactivated for models that are none."""
    chosen, default = data["models"], data["default_model"]
    for each in (*chosen, *([default] if default else ())):
        existing_model(each["provider"], each["model"])
    return {
        "candidates": list(dict.fromkeys(map(_name, chosen))),
        "default_model": _name(default) if default else "",
        "cents_for_better": data["cents_for_better"],
        "seconds_for_better": data["seconds_for_better"],
    }


def _name(choice: dict[str, Any]) -> str:
    return f"{choice['provider'].slug}/{choice['model']}"
