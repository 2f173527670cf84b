"""Turns that are a tree by their parents: the path that is shown, and how many lie beside it."""

from collections.abc import Callable, Mapping
from typing import Any


def path_to(leaf: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the ids from the root to a leaf; an id that is unknown, or comes twice, ends the way."""
    path, seen, current = [], set[str](), leaf
    while current in parents and current not in seen:
        seen.add(current)
        path.append(current)
        current = parents[current] or ""
    return path[::-1]


def newest_leaf(parents: Mapping[str, str | None], moved_at: Callable[[str], Any]) -> str | None:
    """Return the leaf of the greatest `moved_at`, of equal ones the last; None without nodes."""
    inner = {parent for parent in parents.values() if parent}
    leaves = [node for node in parents if node not in inner] or list(parents)
    return max(reversed(leaves), key=moved_at, default=None)
