"""Query plans of PostgreSQL and SQLite."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

# The output of EXPLAIN QUERY PLAN: https://www.sqlite.org/eqp.html
_SQLITE_STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?P<table>\S+)(?: USING (?P<index>.*))?$")
_SQLITE_INDEX = re.compile(r"(?:COVERING )?INDEX (\S+)|(INTEGER PRIMARY KEY)")
# Django gives a table that a query uses twice an alias like T3 or U0; SQLite's plan shows the alias alone.
_ALIAS = re.compile(r'"(\w+)" (?:AS )?"?([T-Z]\d+)"?\b')
_INDEX_NODES = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
_SORT_NODES = ("Sort", "Incremental Sort")


@dataclass(slots=True)
class Plan:
    """A query plan: its `lines` for people, the `indexes` that it uses, the tables that it `scans`, and its `sorts`.

    A sort is its keys and the number of rows that PostgreSQL estimates; SQLite estimates none, so there it is None.
    """

    lines: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    scans: list[str] = field(default_factory=list)
    sorts: list[tuple[str, int | None]] = field(default_factory=list)


def explain(sql: str, params: Any) -> Plan:
    """Return the plan of a SELECT without running it. Raises `django.db.Error`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            (nodes,) = cursor.fetchone() or ([],)
            return postgresql_plan(nodes[0]["Plan"])
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return sqlite_plan([row[3] for row in cursor.fetchall()], sql)


def explain_by_index(sql: str, params: Any, *, bitmaps: bool) -> Plan:
    """Return the plan that PostgreSQL chooses when sequential scans, sorts and the joins that need them are disabled.

    `bitmaps` allows bitmap scans, without which a GIN index cannot be used. Raises `django.db.Error`.
    """
    methods = ("seqscan", "sort", "hashjoin", "mergejoin", *(() if bitmaps else ("bitmapscan",)))
    with transaction.atomic(), connection.cursor() as cursor:
        for method in methods:
            cursor.execute(f"SET LOCAL enable_{method} = off")
        plan = explain(sql, params)
        transaction.set_rollback(True)
    return plan


def size_of(table: str) -> int:
    """Return the size in bytes of a PostgreSQL table, without its indexes. Raises `django.db.Error`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [connection.ops.quote_name(table)])
        return int((cursor.fetchone() or (0,))[0])


def postgresql_plan(root: dict[str, Any]) -> Plan:
    """Parse the root node of EXPLAIN (FORMAT JSON): https://www.postgresql.org/docs/current/using-explain.html."""
    plan = Plan()
    relation = ""
    for depth, node in _walk(root, 0):
        kind, table, index = node["Node Type"], node.get("Relation Name", ""), node.get("Index Name", "")
        target = " ".join(f"{word} {name}" for word, name in (("using", index), ("on", table)) if name)
        condition = node.get("Index Cond") or ", ".join(node.get("Sort Key", ()))
        plan.lines.append(f"{'  ' * depth}{kind} {target}".rstrip() + (f": {condition}" if condition else ""))
        relation = table or relation  # a bitmap index scan has its table in its parent node
        if kind in _INDEX_NODES and "Index Cond" in node:
            plan.indexes.append(index)
        elif kind in _INDEX_NODES or (table and kind != "Bitmap Heap Scan"):
            plan.scans.append(relation)  # an index scan without a condition reads the whole index
        if kind in _SORT_NODES:
            plan.sorts.append((", ".join(node["Sort Key"]), node["Plans"][0]["Plan Rows"]))
    return plan


def sqlite_plan(details: list[str], sql: str) -> Plan:
    """Parse the `detail` column of EXPLAIN QUERY PLAN for the statement `sql`."""
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
