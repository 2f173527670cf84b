"""The sizes of folders, files and functions, what perf may name, and what tests may replace.

Each rule compares what it finds with the exceptions it is given: a new one fails it, and so does one that is gone.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("llmselect_project", "conversations", "models_registry", "perf")
FILES = {
    str(path.relative_to(ROOT)): path.read_text() for app in (*APPS, "tests") for path in (ROOT / app).rglob("*.py")
}
PRODUCT = {name: text for name, text in FILES.items() if not name.startswith("tests/")}

CHILDREN = 15  # of a folder
DJANGOS = {"management", "migrations"}  # folders that Django wants in an app; they do not count
FILES_OF_APP = 12  # at its top
LINES_OF_FILE = 300
LINES_OF_FUNCTION = 50
OWN = {"self", "cls"}

# What does not hold yet; an entry goes when its rule holds.
LONG_TESTS = {
    "tests/conversations/chat/test_chat.py",
    "tests/conversations/chat/test_chat_stream.py",
    "tests/conversations/chat/test_messages_again.py",
    "tests/conversations/comparisons/test_compare.py",
    "tests/conversations/completions/idempotency/test_idempotency.py",
    "tests/faults/test_every_change_is_seen.py",
    "tests/security/accounts/test_guesses.py",
}

# The other apps' words, of which perf knows none.
WORDS = ("provider", "conversation", "comparison", "chat", "prompt", "completion", "openai", "anthropic", "gemini")

# What tests may put in the place of something for a while, besides constants, which are written in capitals: an entry
# of a registry, an option of the database, a time to live.
REPLACEABLE = {
    ("caches.conversations", "ttl"),
    ("os", "geteuid"),
    # The clock of another machine, as Django and the library of tokens read it.
    ("timezone", "now"),
    ("tokens", "aware_utcnow"),
    # States of a process that nobody takes back.
    ("recorder._state", "serving"),
    ("storing", "_end"),
}
ENTRIES = re.compile(
    r'CASES|recorder\.GAUGES|(connection\.settings_dict|(settings|configuration)\.DATABASES)(\["\w+"\])*|settings(\["\w+"\])*'
)


def folders(top: str) -> Iterator[tuple[str, int]]:
    """Yield each folder below `top` with Python in it, and how many files and folders of Python it holds.

    Not counted are `__init__.py` and `DJANGOS`.
    """
    for folder in sorted({path.parent for path in (ROOT / top).rglob("*.py")}):
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        rooms = [path.parent for path in folder.glob("*/__init__.py") if path.parent.name not in DJANGOS]
        if folder.name not in DJANGOS:
            yield str(folder.relative_to(ROOT)), len(files) + len(rooms)


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield each function's name and how many lines it has."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def private_attributes(text: str) -> Iterator[str]:
    """Yield attributes that begin with one underscore, of anything but `self` and `cls`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr) and ast.unparse(node.value) not in OWN:
            yield node.attr


def replaced(text: str) -> Iterator[str]:
    """Yield what a test puts in the place of something that is neither a constant nor an entry of a registry."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.unparse(node):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            allowed = {"setattr": is_constant, "setitem": is_entry}.get(node.func.attr)
            if allowed and not allowed(*node.args):
                yield ": ".join(map(ast.unparse, node.args[:2]))


def is_constant(target: ast.expr, name: ast.expr, *value: ast.expr) -> bool:
    """Tell whether `setattr` is given a constant by its name, or by a variable in a loop over names and values."""
    if isinstance(name, ast.Constant):
        return str(name.value).isupper() or (ast.unparse(target), name.value) in REPLACEABLE
    return [type(each) for each in (name, *value)] == [ast.Name, ast.Name]


def is_entry(target: ast.expr, *_: ast.expr) -> bool:
    """Tell whether `setitem` is given one of `ENTRIES`."""
    return ENTRIES.fullmatch(ast.unparse(target).replace("'", '"')) is not None


def test_the_measures_see_something():
    assert len(PRODUCT) > 150
    assert dict(folders("perf"))["perf/plans"] == 3
    assert dict(functions("def f():\n    def g():\n        pass")) == {"f": 3, "g": 2}
    assert list(private_attributes("a._b.c\nself._d\na.__e__\ncls._f")) == ["_b"]
    given = "m.setattr(a, 'B', 1)\nm.setattr(a, 'b', f)\nm.setattr('a.b', f)\nm.setattr('a.b', lambda: 1)"
    assert list(replaced(given)) == ["a: 'b'", "'a.b': f", "'a.b': lambda: 1"]
    assert list(replaced("m.setitem(CASES, 'a', 1)\nm.setitem(CLIENTS, 'a', 1)")) == ["CLIENTS: 'a'"]
    assert list(replaced("from unittest.mock import patch")) == ["from unittest.mock import patch"]


def test_no_folder_holds_more_than_one_sees():
    large = {name for top in (*APPS, "tests") for name, count in folders(top) if count > CHILDREN}
    assert large == set()


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_few_files_at_its_top(app):
    assert len(list((ROOT / app).glob("*.py"))) <= FILES_OF_APP


def test_no_file_is_long():
    assert {name for name, text in FILES.items() if text.count("\n") > LINES_OF_FILE} == LONG_TESTS


def test_no_function_is_long():
    found = {
        (name, each) for name, text in PRODUCT.items() for each, lines in functions(text) if lines > LINES_OF_FUNCTION
    }
    assert found == set()


def test_perf_names_nothing_of_the_others():
    templates = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "perf").rglob("*.html")}
    own = {name: text for name, text in PRODUCT.items() if name.startswith("perf/")} | templates
    assert len(templates) >= 5
    assert {(name, word) for name, text in own.items() for word in WORDS if word in text.lower()} == set()


def test_providers_touch_no_private_attribute():
    providers = {name: text for name, text in PRODUCT.items() if name.startswith("models_registry/providers/")}
    assert {(name, each) for name, text in providers.items() for each in private_attributes(text)} == set()


def test_tests_replace_constants_only():
    tests = {name: text for name, text in FILES.items() if name.startswith("tests/")}
    assert {(name, each) for name, text in tests.items() for each in replaced(text)} == set()
