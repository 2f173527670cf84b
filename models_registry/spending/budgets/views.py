"""Budgets over HTTP: users see theirs, staff see and make everybody's."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from models_registry import query_plans as queries
from models_registry.api.requests import current_user
from models_registry.models import Budget
from models_registry.spending.budgets import examples
from models_registry.spending.budgets import serializers as shown
from models_registry.spending.budgets.keeping import change_limit, create_budget
from models_registry.spending.models import BudgetQuerySet
from perf.api import token_names
from perf.api.base import UncachedView
from perf.api.validation import valid, valid_query


class BudgetViewSet(UncachedView, GenericViewSet[Budget]):
    """One's own budgets, and all of them for staff."""

    queryset = Budget.objects.none()
    serializer_class = shown.BudgetOutput
    orderings = (queries.NEWEST_BUDGET_FIRST,)
    lookup_value_converter = "uuid"

    def get_queryset(self) -> BudgetQuerySet:
        """Only the user's own, unless the user is staff."""
        user = current_user(self.request)
        return queries.budgets(None if user.is_staff else user.pk)

    @extend_schema(parameters=[shown.BudgetQuery], examples=examples.BUDGETS, tags=["usage"])
    def list(self, request: Request) -> Response:
        """List budgets.

        Your own, and of staff's all users' or those of the one that `user` names: each with what is spent, what calls
        under way have reserved, what is left, and when it is renewed.
        """
        self.filters = valid_query(shown.BudgetQuery, request.query_params)
        user, rows = current_user(request), self.get_queryset()
        if (name := self.filters.get("user")) is not None:
            if not user.is_staff and name != user.get_username():
                raise PermissionDenied("Only staff see the budgets of others.")
            rows = queries.budgets(_user(name).pk)
        now = timezone.now()
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([shown.budget_row(budget, now) for budget in page])

    @extend_schema(
        request=shown.BudgetInput, responses={201: shown.BudgetOutput}, examples=examples.CREATE, tags=["usage"]
    )
    def create(self, request: Request) -> Response:
        """Make a budget.

        Bounds what you, or one of your tokens, may spend a day, a month, or in total; what was spent in the period so
        far counts. Before a model is called, what that can cost at most is reserved; a call that is not covered is 429
        `budget_exceeded`, and is not made. Where several budgets hold, each must cover it.

        Staff make budgets for others, too, which those can see and not change.
        """
        data, user = valid(shown.BudgetInput, request.data), current_user(request)
        owner, token_id = user, data.get("token")
        if data.get("user") not in (None, user.get_username()):
            if not user.is_staff:
                raise PermissionDenied("Only staff make budgets for others.")
            owner = _user(data["user"])
        name = "" if token_id is None else token_names.name_of(owner.pk, token_id)
        if name is None:
            raise ValidationError({"token": "The user has no such token."})
        budget = create_budget(
            user_id=owner.pk,
            token_id=token_id,
            token_name=name,
            period=data["period"],
            limit=data["limit"],
            by_staff=user.is_staff,
        )
        return Response(self._row(budget.pk), status=status.HTTP_201_CREATED)

    @extend_schema(examples=examples.BUDGET, tags=["usage"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show a budget.

        With what is spent and what calls under way have reserved at this moment.
        """
        return Response(self._row(pk))

    @extend_schema(request=shown.LimitInput, responses=shown.BudgetOutput, examples=examples.CHANGE, tags=["usage"])
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the limit of a budget.

        What is spent stays spent. Below that nothing more can be called until the budget is renewed. A budget by staff
        is theirs to change.
        """
        budget = self._changeable(request, pk)
        change_limit(budget.pk, valid(shown.LimitInput, request.data)["limit"])
        return Response(self._row(pk))

    @extend_schema(responses={204: None}, tags=["usage"])
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete a budget.

        Nothing bounds what it bounded. A budget by staff is theirs to delete.
        """
        self._changeable(request, pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _changeable(self, request: Request, pk: UUID) -> Budget:
        budget = get_object_or_404(self.get_queryset(), pk=pk)
        if budget.by_staff and not current_user(request).is_staff:
            raise PermissionDenied("Staff made this budget; only they can change it.")
        return budget

    def _row(self, pk: UUID) -> dict[str, Any]:
        budget = self.get_queryset().filter(pk=pk).first()
        if budget is None:
            raise Http404
        return shown.budget_row(budget, timezone.now())


def _user(name: str) -> User:
    """Find a user by name; raises ValidationError."""
    found = User.objects.filter(username=name).first()
    if found is None:
        raise ValidationError({"user": "There is no user with this name."})
    return found
