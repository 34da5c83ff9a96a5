"""The API's OpenAPI document, from which the console's types are made. Run this module to write it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fleet_manager.api.app import create_app
from tests.api_house import hospital

PATH = Path(__file__).parents[1] / "fleet_manager" / "console" / "openapi.json"


def document() -> dict[str, Any]:
    return create_app(hospital()).openapi()


if __name__ == "__main__":
    PATH.write_text(json.dumps(document(), indent=1) + "\n")
