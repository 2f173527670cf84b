"""The project's admin site: that of `perf`, with guesses at passwords counted."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from llmselect_project.accounts.pages import OwnPasswordView
from perf.pages.site import Site


class ProjectSite(Site):
    """The admin site."""

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show and take the form for one's own password; raises TooManyGuesses."""
        request.current_app = self.name  # as Django's own view does
        context = {**self.each_context(request), **(extra_context or {})}
        done = reverse("admin:password_change_done", current_app=self.name)
        return OwnPasswordView.as_view(success_url=done, extra_context=context)(request)  # type: ignore[return-value]
