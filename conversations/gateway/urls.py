"""Routes below /v1, where clients of other vendors' protocols expect them."""

from django.urls import path

from conversations.gateway.message_views import CountTokensView, MessagesView
from conversations.gateway.model_views import ModelsView, ModelView
from conversations.gateway.response_views import ResponsesView, ResponseView
from conversations.gateway.views import ChatCompletionsView

urlpatterns = [
    path("chat/completions", ChatCompletionsView.as_view(), name="chat-completions"),
    path("messages", MessagesView.as_view(), name="messages"),
    path("messages/count_tokens", CountTokensView.as_view(), name="count-tokens"),
    path("responses", ResponsesView.as_view(), name="responses"),
    path("responses/<str:response_id>", ResponseView.as_view(), name="response"),
    path("models", ModelsView.as_view(), name="v1-models"),
    path("models/<path:name>", ModelView.as_view(), name="v1-model"),
]
