"""The OpenAPI document is complete, and the console's copy is this one."""

from __future__ import annotations

import json

from tests.api_house import call, hospital
from tests.openapi_document import PATH, document


def test_the_document_names_every_message_and_says_what_each_operation_does() -> None:
    served = call(hospital(), "GET", "/openapi.json").json()
    assert {"Problem", "StreamMessage", "SnapshotMessage", "ChangeMessage", "PosesMessage"} <= set(
        served["components"]["schemas"]
    )
    for path, operations in served["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path}"
            assert "application/problem+json" in operation["responses"]["422"]["content"]
    assert served["components"]["schemas"]["DeliveryRequest"]["examples"]


def test_the_console_is_built_from_this_document() -> None:
    assert json.loads(PATH.read_text()) == document(), "run `python -m tests.openapi_document` and `npm run schema`"
