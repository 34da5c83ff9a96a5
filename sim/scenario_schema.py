"""The JSON schema of scenario files, by which editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from sim.scenario import Scenario

SCHEMA_FILE: Final = Path(__file__).with_name("scenario.schema.json")
"""Where the schema is kept; files name it in a line `# yaml-language-server: $schema=…`."""


def schema_text() -> str:
    """The schema as it is now."""
    schema: dict[str, Any] = Scenario.model_json_schema()
    for part in schema["$defs"].values():
        if "kind" in part.get("properties", {}):
            part["required"] = ["kind", *part.get("required", [])]
            part["properties"]["kind"].pop("default", None)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
