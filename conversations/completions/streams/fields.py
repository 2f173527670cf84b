"""The field of requests that says what becomes of an answer without readers."""

from typing import Any

from rest_framework import serializers


class OnDisconnectField(serializers.ChoiceField):
    """`finish` or `stop`; left out or null it is what the server's `ON_DISCONNECT` says."""

    def __init__(self, **options: Any) -> None:
        about = (
            "What becomes of a stream that nobody reads any more: `finish` writes the answer to its end, `stop` stops "
            "the model and keeps what had arrived. The server's `ON_DISCONNECT` by default."
        )
        given = {"choices": ["finish", "stop"], "required": False, "allow_null": True, "help_text": about}
        super().__init__(**{**given, **options})
