"""Filters of the pages about performance; what a template looks up in vain is an empty text, and nothing."""

from django import template

from perf.pages import wording

register = template.Library()
register.filter("counted", wording.counted)
register.filter("brief", wording.brief)


@register.filter
def duration(seconds: float | str | None) -> str:
    """See wording."""
    return wording.duration(None if isinstance(seconds, str) else seconds)


@register.filter
def number(value: float | str | None) -> str:
    """See wording."""
    return wording.number(None if isinstance(value, str) else value)


@register.filter
def rate(share: float | str | None) -> str:
    """See wording."""
    return wording.rate(None if isinstance(share, str) else share)
