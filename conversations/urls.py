"""Routes of conversations and chats."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from conversations.chat_views import ChatStreamView, ChatView
from conversations.views import ConversationViewSet, MessageViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("conversations", ConversationViewSet, basename="conversation")

urlpatterns = [
    path("chat", ChatView.as_view(), name="chat"),
    path("chat/stream", ChatStreamView.as_view(), name="chat-stream"),
    path("conversations/<uuid:pk>/messages", MessageViewSet.as_view({"get": "list"}), name="message-list"),
    *router.urls,
]
