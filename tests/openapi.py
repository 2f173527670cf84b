"""The OpenAPI schema as JSON schemas that jsonschema understands."""

import json

from drf_spectacular.generators import SchemaGenerator

SCHEMA = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


def resolved(node):
    """Write references out, and `nullable` as JSON schema does."""
    if isinstance(node, list):
        return [resolved(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolved(SCHEMA["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]])
    plain = {name: resolved(value) for name, value in node.items()}
    if plain.pop("nullable", False) and "type" in plain:
        plain["type"] = [plain["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    elif node.get("nullable"):
        plain = {"anyOf": [plain, {"type": "null"}]}
    return plain
