"""What the bridge makes of a request; its other parts without ROS are tested with WardFleet itself."""

from __future__ import annotations

from fleet_bridge_ros2.requests import delivery
from fleet_interfaces.msg import Item
from fleet_interfaces.srv import SubmitTask


def test_a_message_becomes_a_body() -> None:
    request = SubmitTask.Request(pickup="pharmacy", dropoff="icu", items=[Item(name="saline", quantity=2)])
    assert delivery(request) == {
        "kind": "delivery",
        "pickup": "pharmacy",
        "dropoff": "icu",
        "items": [{"name": "saline", "quantity": 2}],
    }
