"""Routes of the registry."""

from django.urls import path

from models_registry.api.refresh_views import RefreshModelsView
from models_registry.api.views import KeyViewSet, ModelHistoryViewSet, ModelViewSet
from models_registry.spending.budgets.views import BudgetViewSet
from models_registry.spending.usage.views import UsageView

urlpatterns = [
    path("models", ModelViewSet.as_view({"get": "list"}), name="model-list"),
    # Before the model itself, whose id may hold slashes: an id cannot end in /history.
    path(
        "models/<slug:provider>/<path:model_id>/history",
        ModelHistoryViewSet.as_view({"get": "list"}),
        name="model-history",
    ),
    path("models/<slug:provider>/<path:model_id>", ModelViewSet.as_view({"get": "retrieve"}), name="model-detail"),
    path("admin/models/refresh", RefreshModelsView.as_view(), name="models-refresh"),
    path("keys", KeyViewSet.as_view({"get": "list"}), name="key-list"),
    path("keys/system", KeyViewSet.as_view({"get": "system"}), name="key-system"),
    path("keys/<slug:provider>", KeyViewSet.as_view({"put": "update", "delete": "destroy"}), name="key-detail"),
    path("usage", UsageView.as_view(), name="usage"),
    path("budgets", BudgetViewSet.as_view({"get": "list", "post": "create"}), name="budget-list"),
    path(
        "budgets/<uuid:pk>",
        BudgetViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="budget-detail",
    ),
]
