"""Messages in the admin, each with a link to where it was said."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin import costs
from conversations.admin.markdown import rendered
from conversations.admin.shared import (
    COST,
    CREATED,
    FIRST_TOKEN,
    SEARCH_HELP,
    TIME,
    ExcerptAdmin,
    ProviderFilter,
    answer,
    shortened,
    tokens,
    user_link,
)
from conversations.models import Message
from conversations.search.staff import find_messages
from perf.pages.formatting import NONE
from perf.pages.model_admin import MadeFilter


@admin.register(Message)
class MessageAdmin(ExcerptAdmin):
    """Shows the newest messages of all, and finds some by their words."""

    excerpt_of = "content"
    list_display = ("excerpt", "user_name", "said_by", "in_conversation", COST, TIME, CREATED)
    list_filter = (MadeFilter, ProviderFilter)
    list_select_related = ("conversation__user",)
    find = find_messages
    search_help_text = SEARCH_HELP.format("a message")
    fields = readonly_fields = (
        "in_conversation",
        "user",
        "role",
        "state",
        "text",
        "all_parts",
        "request_that_failed",
        "model_called",
        "tokens",
        "cost_in_full",
        "priced_by",
        "thought",
        TIME,
        FIRST_TOKEN,
        CREATED,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave the system prompts of their conversations out."""
        return super().get_queryset(request).select_related("conversation__user").defer("conversation__system")

    def title_of(self, row: Message) -> str:
        """Name it by how its text begins, or say that there is no answer."""
        return super().title_of(row) if row.content or not row.error else f"No answer: {row.error}"

    @admin.display(description="conversation")
    def in_conversation(self, message: Message) -> SafeString:
        """Link to the place in the conversation where it was said."""
        conversation = message.conversation
        url = reverse("admin:conversations_conversation_change", args=[conversation.pk])
        name = conversation.title or shortened(conversation.preview) or "Untitled conversation"
        return format_html('<a href="{}?message={}#message-{}">{}</a>', url, message.pk, message.pk, name)

    @admin.display
    def user(self, message: Message) -> SafeString:
        """Link to whose conversation it is."""
        return user_link(message.conversation.user)

    @admin.display(description="user")
    def user_name(self, message: Message) -> str:
        """Name whose conversation it is."""
        return message.conversation.user.get_username()

    @admin.display(description="reasoning")
    def thought(self, message: Message) -> SafeString | str:
        """Show what the model thought before it answered."""
        return rendered(message.reasoning) if message.reasoning else NONE

    @admin.display(description="by")
    def said_by(self, message: Message) -> str:
        """Say who speaks, the user or which model, and how it ended where it did not end well."""
        by = self.model_called(message) if message.role == Message.Role.ASSISTANT else str(message.role)
        return by if message.status == Message.Status.COMPLETE else f"{by}: {self.state(message)}"

    @admin.display(description="status")
    def state(self, message: Message) -> str:
        """Say whether it arrived whole."""
        return str(message.get_status_display()).lower()

    @admin.display
    def text(self, message: Message) -> SafeString:
        """Show all of it, and the error it ended with."""
        return answer(message.content, message.error, message.error_message)

    @admin.display(description="request")
    def request_that_failed(self, message: Message) -> SafeString | str:
        """Link to what is known of the request."""
        if not message.request_id:
            return NONE
        return format_html('<a href="{}?id={}">{}</a>', reverse("admin:perf-request"), *[message.request_id] * 2)

    @admin.display(description="parts")
    def all_parts(self, message: Message) -> SafeString | str:
        """Show what is more than a text: images, files, calls of tools and their answers."""
        if message.parts is None:
            return NONE
        return format_html("<pre>{}</pre>", json.dumps(message.parts, indent=2, ensure_ascii=False))

    @admin.display(description="model")
    def model_called(self, message: Message) -> str:
        """Name the provider and the model."""
        return f"{message.provider} / {message.model}"

    @admin.display
    def tokens(self, message: Message) -> str:
        """Say how many tokens went to and fro."""
        return tokens(message)

    @admin.display(description="cost")
    def cost_in_full(self, message: Message) -> str:
        """Show how it is made of tokens and prices."""
        return costs.in_full(message)

    @admin.display(description="priced by")
    def priced_by(self, message: Message) -> str:
        """Say where the cost comes from."""
        return costs.priced_by(message)
