"""Conversations in the admin, each with its messages, a page at a time."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin.shared import (
    CREATED,
    SEARCH_HELP,
    LargeTableAdmin,
    ProviderFilter,
    UserFilter,
    answer,
    shortened,
)
from conversations.history import queries
from conversations.models import Conversation, Message
from conversations.search.staff import find_conversations
from perf.pages.formatting import duration, moment, number, usd
from perf.pages.model_admin import MadeFilter, column, when

MESSAGES_A_PAGE = 20
MESSAGES = column("message_count", number, "messages")
SHOWN = 5_000  # characters of a message; the rest is on its own page


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a page of messages lies among all of them; pages are counted from 1."""

    number: int
    last: int

    @property
    def start(self) -> int:
        """How many messages come before."""
        return (self.number - 1) * MESSAGES_A_PAGE


@admin.register(Conversation)
class ConversationAdmin(LargeTableAdmin):
    """Finds conversations, and shows what was said in one."""

    change_form_template = "admin/conversations/conversation/change_form.html"
    list_display = (
        "name",
        "user",
        "model_called",
        MESSAGES,
        when("last_message_at", "last message, UTC"),
    )
    list_filter = (UserFilter, MadeFilter, ProviderFilter)
    list_select_related = ("user",)
    find = find_conversations
    search_help_text = SEARCH_HELP.format("the title or of a message")
    fields = readonly_fields = (
        "user",
        "model_called",
        MESSAGES,
        when("last_message_at", "last message, UTC"),
        CREATED,
        "system_prompt",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load no system prompt before somebody looks at the conversation."""
        return super().get_queryset(request).select_related("user").defer("system")

    def title_of(self, row: Conversation) -> str:
        """Name it by its title, or by what its user said last."""
        return row.title or shortened(row.preview) or "Untitled conversation"

    @admin.display(description="conversation")
    def name(self, conversation: Conversation) -> str:
        """Show the title where there is one."""
        return self.title_of(conversation)

    @admin.display(description="model")
    def model_called(self, conversation: Conversation) -> str:
        """Name the provider and the model."""
        return f"{conversation.provider} / {conversation.model}"

    @admin.display(description="system prompt")
    def system_prompt(self, conversation: Conversation) -> SafeString | str:
        """Show it as it was written."""
        return format_html('<pre class="plain">{}</pre>', conversation.system) if conversation.system else "none"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a page of the messages below what is known of the conversation, to whoever may see messages."""
        context = dict(extra_context or {})
        conversation = self.get_object(request, object_id)
        if conversation is not None and self.has_view_permission(request, conversation):
            if request.user.has_perm("conversations.view_message"):
                context |= _messages(request, conversation)
            context["title"] = "Conversation"
        return super().change_view(request, object_id, form_url, context)


def _messages(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    last = max(-(-conversation.message_count // MESSAGES_A_PAGE), 1)
    page = Pages(min(_page_number(request, conversation), last), last)
    rows = said(conversation.pk, page.start)
    return {"said": [_shown(row) for row in rows], "pages": page, "first_number": page.start + 1}


def said(conversation_id: UUID, start: int) -> QuerySet[Message]:
    """Give a page of messages, oldest first, of each as much as is shown."""
    rows = queries.messages(conversation_id).order_by("created_at", "id").defer("content")
    return rows.annotate(beginning=Left("content", SHOWN + 1))[start : start + MESSAGES_A_PAGE]


def before(message: Message) -> QuerySet[Message]:
    """Give the messages of its conversation that came before."""
    return queries.messages_before(message.conversation_id, message.created_at, message.pk)


def _page_number(request: HttpRequest, conversation: Conversation) -> int:
    """Read which page is wanted, or which one holds the wanted message; the first when neither makes sense."""
    if wanted := request.GET.get("message"):
        try:
            message = Message.objects.filter(conversation=conversation, pk=UUID(wanted)).first()
        except ValueError:
            message = None
        return before(message).count() // MESSAGES_A_PAGE + 1 if message else 1
    number_written = request.GET.get("page", "")
    return max(int(number_written), 1) if number_written.isascii() and number_written[:9].isdigit() else 1


def _shown(message: Any) -> dict[str, Any]:
    facts = [message.get_role_display(), moment(message.created_at)]
    if message.role == Message.Role.ASSISTANT:
        facts += [f"{message.provider} / {message.model}", f"took {duration(message.time)}", usd(message.cost)]
    return {
        "row": message,
        "url": reverse("admin:conversations_message_change", args=[message.pk]),
        "facts": [fact for fact in facts if fact],
        "state": "" if message.status == Message.Status.COMPLETE else message.get_status_display(),
        "text": answer(message.beginning[:SHOWN], message.error, message.error_message),
        "cut": len(message.beginning) > SHOWN,
    }
