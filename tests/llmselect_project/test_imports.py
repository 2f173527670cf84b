"""Packages import each other only along the arrows of the design, and modules at their top."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)

# llmselect_project -> conversations -> models_registry -> perf, and everybody -> perf.
ARROWS = {
    "llmselect_project": {"conversations", "perf"},
    "conversations": {"models_registry", "perf"},
    "models_registry": {"perf"},
    "perf": set(),
}

# What may be imported inside a function, besides what registers itself in `ready()`: an SDK that only benchmarks need,
# a large table, a package that only development has.
INSIDE_FUNCTIONS = {
    ("conversations/benchmarks/chats.py", "openai"),
    ("models_registry/catalogue/offline.py", "genai_prices"),
    ("llmselect_project/api/middleware.py", "debug_toolbar"),
}

FILES = [path for package in ARROWS for path in sorted((ROOT / package).rglob("*.py"))]
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


def imported(tree: ast.AST, name: str) -> Iterator[str]:
    """Yield the packages that a module of this name imports, at its top or anywhere else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield name.partition("/")[0] if node.level else str(node.module).partition(".")[0]


def imports_in_functions(tree: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    """Yield (function, package) for imports that run when a function is called."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for package in imported(function, name):
                yield function.name, package


def test_the_walk_sees_something():
    assert len(FILES) > 60
    tree = ast.parse("import a.b\nfrom c import d\nfrom . import e\ndef f():\n    from g.h import i")
    assert list(imported(tree, "own/file.py")) == ["a", "c", "own", "g"]
    assert list(imports_in_functions(tree, "own/file.py")) == [("f", "g")]


@pytest.mark.parametrize("name", NAMES)
def test_arrows(name):
    package = name.partition("/")[0]
    others = {other for other in imported(ast.parse((ROOT / name).read_text()), name) if other in ARROWS} - {package}
    assert others <= ARROWS[package]


@pytest.mark.parametrize("name", NAMES)
def test_no_import_inside_a_function(name):
    found = set(imports_in_functions(ast.parse((ROOT / name).read_text()), name))
    if name.endswith("/apps.py"):
        found = {(function, package) for function, package in found if function != "ready"}
    assert {(name, package) for _, package in found} <= INSIDE_FUNCTIONS


@pytest.mark.parametrize("name", NAMES)
def test_nobody_imports_tests(name):
    assert "tests" not in set(imported(ast.parse((ROOT / name).read_text()), name))
