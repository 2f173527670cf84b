"""Opens archives, and holds each line of them against the schema in `docs/`, as strictly as one can."""

import json
from copy import deepcopy
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.conf import settings
from jsonschema import Draft202012Validator, FormatChecker

SCHEMA = json.loads((Path(settings.BASE_DIR) / "docs/export.schema.json").read_text())
FORMATS = FormatChecker(["uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def closed(schema: Any) -> Any:
    """Refuse properties that the schema does not name, which a reader must ignore but no writer may add."""
    if isinstance(schema, dict):
        schema = {name: closed(each) for name, each in schema.items()}
        return {**schema, "additionalProperties": False} if "required" in schema and len(schema) > 3 else schema
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


def problems(value: Any, kind: str = "") -> list[str]:
    """Say what of a value is not as the schema of a line, or of a kind of document, says."""
    schema = deepcopy(SCHEMA)
    schema["$defs"] = closed(schema["$defs"])
    if kind:
        schema = {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    return [error.message for error in Draft202012Validator(schema, format_checker=FORMATS).iter_errors(value)]


class Opened:
    """An archive, whose lines all fit the schema and are as many as its manifest says."""

    def __init__(self, content: bytes) -> None:
        self.zip = ZipFile(BytesIO(content))
        assert self.zip.testzip() is None
        self.names = self.zip.namelist()
        self.manifest, self.settings = (self.document(name) for name in ("manifest", "settings"))
        self.conversations = self.lines("conversations")
        self.comparisons = self.lines("comparisons")
        self.files = self.lines("files")
        kinds = [line["type"] for line in self.conversations]
        assert self.manifest["counts"] == {
            "conversations": kinds.count("conversation"),
            "messages": kinds.count("message"),
            "comparisons": len(self.comparisons),
            "results": sum(len(line["results"]) for line in self.comparisons),
            "files": len(self.files),
            "votes": sum(line["voted_at"] is not None for line in self.comparisons),
        }

    def document(self, kind: str) -> dict[str, Any]:
        value = json.loads(self.zip.read(f"{kind}.json"))
        assert problems(value, kind) == []
        return value

    def lines(self, name: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.zip.read(f"{name}.jsonl").decode().splitlines()]
        for line in found:
            assert problems(line) == []
        return found


def download(api: Any, query: str = "") -> Opened:
    response = api.get(f"/api/v1/export{query}")
    content = response.getvalue()
    assert response.status_code == 200, content
    return Opened(content)
