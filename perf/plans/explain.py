"""How a database goes about a statement: which indexes it uses, what it scans whole, what it sorts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

# What SQLite writes: https://www.sqlite.org/eqp.html
_SQLITE_STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?P<table>\S+)(?: USING (?P<index>.*))?$")
_SQLITE_INDEX = re.compile(r"(?:COVERING )?INDEX (\S+)|(INTEGER PRIMARY KEY)")
# Django names a table a second time by such letters, and SQLite's plan knows the alias only.
_ALIAS = re.compile(r'"(\w+)" (?:AS )?"?([T-Z]\d+)"?\b')
_INDEX_NODES = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
_SORT_NODES = ("Sort", "Incremental Sort")


@dataclass(slots=True)
class Plan:
    """A plan in the words of its database, and what of it matters.

    `scans` are tables read whole; `sorts` the keys of each sort, with the rows that PostgreSQL expects, else None.
    """

    lines: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    scans: list[str] = field(default_factory=list)
    sorts: list[tuple[str, int | None]] = field(default_factory=list)


def explain(sql: str, params: Any) -> Plan:
    """Ask the connected database for its plan of a SELECT, without running it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            (nodes,) = cursor.fetchone() or ([],)
            return postgresql_plan(nodes[0]["Plan"])
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return sqlite_plan([row[3] for row in cursor.fetchall()], sql)


def explain_by_index(sql: str, params: Any, *, bitmaps: bool) -> Plan:
    """Ask PostgreSQL for the plan that it would choose if there were no other ways than along an index.

    `bitmaps` leaves it those, the only way into an index of words.
    """
    ways = ("seqscan", "sort", "hashjoin", "mergejoin", *(() if bitmaps else ("bitmapscan",)))
    with transaction.atomic(), connection.cursor() as cursor:
        for way in ways:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        plan = explain(sql, params)
        transaction.set_rollback(True)
    return plan


def size_of(table: str) -> int:
    """Return the bytes of a table of PostgreSQL, without its indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [connection.ops.quote_name(table)])
        return int((cursor.fetchone() or (0,))[0])


def postgresql_plan(root: dict[str, Any]) -> Plan:
    """Read the tree that EXPLAIN (FORMAT JSON) writes."""
    plan = Plan()
    above = ""
    for depth, node in _walk(root, 0):
        kind, table, index = node["Node Type"], node.get("Relation Name", ""), node.get("Index Name", "")
        target = " ".join(f"{word} {name}" for word, name in (("using", index), ("on", table)) if name)
        condition = node.get("Index Cond") or ", ".join(node.get("Sort Key", ()))
        plan.lines.append(f"{'  ' * depth}{kind} {target}".rstrip() + (f": {condition}" if condition else ""))
        above = table or above  # a bitmap names its table one node further up
        if kind in _INDEX_NODES and "Index Cond" in node:
            plan.indexes.append(index)
        elif kind in _INDEX_NODES or (table and kind != "Bitmap Heap Scan"):
            plan.scans.append(above)  # an index read without a condition is read whole, too
        if kind in _SORT_NODES:
            plan.sorts.append((", ".join(node["Sort Key"]), node["Plans"][0]["Plan Rows"]))
    return plan


def sqlite_plan(details: list[str], sql: str) -> Plan:
    """Read the lines that EXPLAIN QUERY PLAN writes of a statement."""
    plan = Plan(lines=details)
    aliases = {alias: table for table, alias in _ALIAS.findall(sql)}
    for line in details:
        if line.startswith("USE TEMP B-TREE FOR "):
            plan.sorts.append((line.removeprefix("USE TEMP B-TREE FOR "), None))
        step = _SQLITE_STEP.match(line)
        if step is None or line == "SCAN CONSTANT ROW" or "VIRTUAL TABLE" in line:
            continue
        index = step["index"] or ""
        if step["how"] == "SCAN" or "AUTOMATIC" in index or "ANY(" in index:
            plan.scans.append(str(aliases.get(step["table"], step["table"])))
        elif found := _SQLITE_INDEX.match(index):
            plan.indexes.append(str(found[1] or "primary key"))
    return plan


def _walk(node: dict[str, Any], depth: int) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, node
    for child in node.get("Plans", ()):
        yield from _walk(child, depth + 1)
