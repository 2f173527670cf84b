"""Routes of conversations, chats and comparisons."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from conversations.chat.message_views import (
    ContinueStreamView,
    ContinueView,
    MessageView,
    RetryStreamView,
    RetryView,
)
from conversations.chat.views import ChatStreamView, ChatView
from conversations.comparisons.leaderboard_views import LeaderboardView, PairsView
from conversations.comparisons.replays.views import PromptSetViewSet, ReplayViewSet
from conversations.comparisons.views import CompareStreamView, CompareView, ComparisonViewSet
from conversations.completions.streams.views import (
    ChatEventsView,
    ChatStopView,
    CompareEventsView,
    CompareStopView,
)
from conversations.files.views import FileViewSet
from conversations.history.archive.views import ExportView
from conversations.history.importing.views import ImportViewSet
from conversations.history.sharing.views import ShareView, ShareViewSet
from conversations.history.views import ConversationViewSet, MessageViewSet
from conversations.selection.views import SelectView, SettingsView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("conversations", ConversationViewSet, basename="conversation")
router.register("comparisons", ComparisonViewSet, basename="comparison")
router.register("replays", ReplayViewSet, basename="replay")
router.register("prompt-sets", PromptSetViewSet, basename="prompt-set")
router.register("files", FileViewSet, basename="file")
router.register("imports", ImportViewSet, basename="import")

urlpatterns = [
    *router.urls,
    path("chat", ChatView.as_view(), name="chat"),
    path("chat/stream", ChatStreamView.as_view(), name="chat-stream"),
    path("compare", CompareView.as_view(), name="compare"),
    path("compare/stream", CompareStreamView.as_view(), name="compare-stream"),
    path("chat/streams/<uuid:pk>", ChatEventsView.as_view(), name="chat-stream-events"),
    path("chat/streams/<uuid:pk>/stop", ChatStopView.as_view(), name="chat-stream-stop"),
    path("compare/streams/<uuid:pk>", CompareEventsView.as_view(), name="compare-stream-events"),
    path("compare/streams/<uuid:pk>/stop", CompareStopView.as_view(), name="compare-stream-stop"),
    path("leaderboard", LeaderboardView.as_view(), name="leaderboard"),
    path("leaderboard/pairs", PairsView.as_view(), name="leaderboard-pairs"),
    path("export", ExportView.as_view(), name="export"),
    path("conversations/<uuid:pk>/share", ShareView.as_view(), name="share"),
    path("shares", ShareViewSet.as_view({"get": "list"}), name="share-list"),
    path("shares/<uuid:pk>", ShareViewSet.as_view({"delete": "destroy"}), name="share-detail"),
    path("select", SelectView.as_view(), name="select"),
    path("selection/settings", SettingsView.as_view(), name="selection-settings"),
    path("conversations/<uuid:pk>/messages", MessageViewSet.as_view({"get": "list"}), name="message-list"),
    path("messages/<uuid:pk>", MessageView.as_view(), name="message"),
    path("messages/<uuid:pk>/retry", RetryView.as_view(), name="message-retry"),
    path("messages/<uuid:pk>/retry/stream", RetryStreamView.as_view(), name="message-retry-stream"),
    path("messages/<uuid:pk>/continue", ContinueView.as_view(), name="message-continue"),
    path("messages/<uuid:pk>/continue/stream", ContinueStreamView.as_view(), name="message-continue-stream"),
]
