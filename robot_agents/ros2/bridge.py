"""Where rclpy's thread meets asyncio: `RosBridge` runs one executor for all robots of the process, `RosRobot` is one.

The executor's thread runs everything of rclpy; the loop's thread runs the agents. What goes to ROS is handed to the
executor as a task, what comes from it is put into an inbox that the loop empties with one `call_soon_threadsafe` for as
many messages as there are. Only values without ROS cross over.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from math import cos, hypot, isfinite, sin, sqrt
from typing import Any, Final

import rclpy
import structlog
from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from fleet_interfaces.action import Announce as AnnounceAction
from fleet_interfaces.action import Dock as DockAction
from fleet_interfaces.action import OpenCompartment as OpenCompartmentAction
from fleet_interfaces.action import RideLift as RideLiftAction
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from lifecycle_msgs.srv import GetState
from nav2_msgs.action import NavigateThroughPoses, NavigateToPose
from nav2_msgs.srv import LoadMap as LoadMapService
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from unique_identifier_msgs.msg import UUID

from robot_agents.registry import AgentOptionsError
from robot_agents.ros2.frames import yaw_of
from robot_agents.ros2.locating import Locating, PoseSource
from robot_agents.ros2.port import (
    SERVED_BY,
    Accepted,
    Announce,
    BatteryTold,
    Diagnosed,
    DockAt,
    Ended,
    EstopTold,
    LevelConfirmed,
    Listener,
    LoadMap,
    ManualTold,
    MapPose,
    MoveCompartment,
    Navigate,
    Navigation,
    OthersNavigate,
    Outcome,
    Position,
    Request,
    RideLift,
    RobotEvent,
    ServerSeen,
    Severity,
)
from robot_agents.ros2.settings import NODE, RobotSettings

log = structlog.get_logger()

_LOOK: Final = 1.0
"""Wall seconds between two looks at who serves a robot's actions."""

_LOOK_CLOSELY: Final = 5
"""Each so many looks it is asked not only how many serve an action, but who."""

_SEEK: Final = 3.0
_SEEK_AGAIN: Final = 0.1
"""Wall seconds in which a server has to be discovered, and between two looks for it."""

_SWITCH: Final = 0.0005
"""Seconds after which a thread of Python lets another go on. The loop gives up its turn with every message that it
sends and every file that it writes; with Python's own 5 ms it would wait that long for the executor each time."""

_STATE_PATIENCE: Final = 1.0
_GOALS_KEPT: Final = 20
_OWN: Final = 8
"""Of the 16 bytes of a goal's id, those that tell whose it is; the others are random."""

_LATCHED: Final = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
_VOLATILE: Final = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
_STREAM: Final = QoSProfile(
    depth=5,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
_RELIABLE: Final = QoSProfile(
    depth=20,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)

_UNDER_WAY: Final = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING)
_OUTCOMES: Final = {
    GoalStatus.STATUS_SUCCEEDED: Outcome.SUCCEEDED,
    GoalStatus.STATUS_CANCELED: Outcome.CANCELED,
    GoalStatus.STATUS_ABORTED: Outcome.ABORTED,
}
_FAULTY: Final = {DiagnosticStatus.ERROR: "error", DiagnosticStatus.STALE: "silent"}
_ACTIONS: Final[dict[str, Any]] = {
    Navigation.TO_POSE: NavigateToPose,
    Navigation.THROUGH_POSES: NavigateThroughPoses,
    SERVED_BY[DockAt]: DockAction,
    SERVED_BY[MoveCompartment]: OpenCompartmentAction,
    SERVED_BY[RideLift]: RideLiftAction,
    SERVED_BY[Announce]: AnnounceAction,
}
_CERTAIN: Final = (0.25, 0.25, 0.07)
"""Variances (m², m², rad²) with which the localisation is told where the robot is, as RViz does."""


class RosBridge:
    """The ROS side of this process; `opened` begins and ends it. `wall` is how many loop seconds a wall second is."""

    def __init__(self, domain: int | None = None, *, wall: float = 1.0) -> None:
        self.loop = asyncio.get_running_loop()
        self.wall = wall
        self.context = Context()
        self._domain = domain
        self._robots: list[RosRobot] = []
        self._inbox: deque[Callable[[], None]] = deque()
        self._waking = False
        self._stopping = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[RosBridge]:
        """Raises `AgentOptionsError` when ROS can't be started."""
        try:
            rclpy.init(context=self.context, domain_id=self._domain, signal_handler_options=SignalHandlerOptions.NO)
        except Exception as error:
            raise AgentOptionsError(f"ROS 2 can't be started: {error}") from error
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._thread = threading.Thread(target=self._spin, name="ros", daemon=True)
        self._thread.start()
        try:
            yield self
        finally:
            await asyncio.to_thread(self._close)
            sys.setswitchinterval(interval)

    def node(self, namespace: str, params_file: str | None) -> Node:
        """A new node for a robot's agent; ROS arguments of the process hold for it, and those of `params_file`.

        Raises `AgentOptionsError` when ROS does not take the file.
        """
        arguments = ["--ros-args", "--params-file", params_file] if params_file is not None else None
        try:
            return Node(
                NODE,
                namespace=namespace,
                context=self.context,
                cli_args=arguments,
                parameter_overrides=[Parameter("start_type_description_service", value=False)],
                automatically_declare_parameters_from_overrides=True,
            )
        except Exception as error:
            file = f" with the parameter file {params_file}" if params_file is not None else ""
            raise AgentOptionsError(f"ROS can't make the node {namespace}/{NODE}{file}: {error}") from error

    def add(self, robot: RosRobot) -> None:
        """Run the robot's node from now on."""
        self._robots.append(robot)
        self._executor.add_node(robot.node)
        self.in_ros(robot.look)

    def in_ros(self, what: Callable[..., None], *arguments: Any) -> None:
        """Call `what` in the executor's thread."""
        if not self._stopping:
            self._executor.create_task(_safely, what, *arguments)

    def in_loop(self, what: Callable[[], None]) -> None:
        """Call `what` in the loop's thread, soon and in order."""
        self._inbox.append(what)
        if not self._waking:
            self._waking = True
            self.loop.call_soon_threadsafe(self._empty)

    def later(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        """Call `what` in the executor's thread after wall `seconds`. Call from the loop's thread."""
        self.loop.call_later(seconds * self.wall, self.in_ros, what, *arguments)

    def _empty(self) -> None:
        self._waking = False
        while self._inbox:
            self._inbox.popleft()()

    def _spin(self) -> None:
        while not self._stopping:
            try:
                self._executor.spin_once()
            except Exception:
                # One callback's mistake must not end what all robots of the process live by.
                log.exception("a ROS callback failed")

    def _close(self) -> None:
        """Executor, thread, nodes, context."""
        self._executor.create_task(self._stop)
        self._thread.join()
        self._executor.shutdown()
        for robot in self._robots:
            robot.destroy()
        rclpy.try_shutdown(context=self.context)

    def _stop(self) -> None:
        self._stopping = True


class RosRobot:
    """Satisfies `port.RobotPort` with topics, services and actions relative to the node's namespace.

    Methods of the port are called in the loop's thread; those whose names begin with `_ros` run in the executor's.
    """

    def __init__(self, bridge: RosBridge, node: Node) -> None:
        self.node = node
        self._bridge = bridge
        self._listener: Listener | None = None
        self._early: list[RobotEvent] = []
        self._position: Position | None = None
        self._position_lock = threading.Lock()
        self._settings = RobotSettings()
        self._locating = Locating(PoseSource.AMCL)
        self._own = hashlib.sha256(node.get_fully_qualified_name().encode()).digest()[:_OWN]
        self._clients: dict[str, Any] = {}
        self._services: dict[str, Any] = {}
        self._goals: dict[int, Any] = {}
        self._asked: dict[int, Request] = {}
        self._unwanted: set[int] = set()
        self._active: dict[Navigation, list[bytes]] = {}
        self._others: dict[Navigation, bool] = {}
        self._servers: dict[str, ServerSeen] = {}
        self._known_servers: dict[str, set[bytes]] = {}
        self._publishers: dict[str, int] = {}
        self._ready: set[str] = set()
        self._latched: dict[str, Callable[[], None]] = {}
        self._looks = 0
        self._faults: dict[str, str] = {}
        self._subscriptions: list[Any] = []

    # --- beginning and end --------------------------------------------------------------------------------

    def parameters(self) -> dict[str, object]:
        """What parameter files and arguments set, without ROS's own parameters."""
        given = self.node.get_parameters_by_prefix("")
        return {name: p.value for name, p in given.items() if name.partition(".")[0] not in _ROS_PARAMETERS}

    def connect(self, settings: RobotSettings, level: str) -> None:
        """Subscribe to the robot, before its node runs."""
        self._settings = settings
        self._locating = Locating(settings.pose_source)
        self._declare(settings, level)
        if settings.pose_source is PoseSource.AMCL:
            self._subscribe_latched(PoseWithCovarianceStamped, "amcl_pose", self._ros_found)
        if settings.pose_source is PoseSource.TF:
            self._subscribe_to_transforms()
        self._subscribe(Odometry, "odom", self._ros_drove, _STREAM)
        self._subscribe(BatteryState, "battery_state", self._ros_battery, _STREAM)
        self._subscribe(DiagnosticArray, "diagnostics", self._ros_diagnosed, _RELIABLE)
        self._subscribe_latched(Bool, "estop", self._ros_estop)
        self._subscribe_latched(Bool, "manual_mode", self._ros_manual)
        for navigation in Navigation:
            self._subscribe(
                GoalStatusArray, f"{navigation}/_action/status", partial(self._ros_statuses, navigation), _LATCHED
            )
        self._pose_publisher = self.node.create_publisher(PoseWithCovarianceStamped, "initialpose", _RELIABLE)

    def destroy(self) -> None:
        for client in self._clients.values():
            client.destroy()
        self.node.destroy_node()

    def _declare(self, settings: RobotSettings, level: str) -> None:
        """Show all settings as parameters. Only `level` can be set while the agent runs."""
        values = settings.model_dump(mode="json", exclude={"frames", "maps"}) | {"level": level}
        for name, value in values.items():
            if not self.node.has_parameter(name):
                if isinstance(value, list) and not value:
                    value = Parameter.Type.STRING_ARRAY
                self.node.declare_parameter(name, value, ParameterDescriptor(dynamic_typing=False))
        self.node.add_on_set_parameters_callback(self._ros_set)

    def _ros_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name != "level" or not isinstance(parameter.value, str):
                return SetParametersResult(successful=False, reason="only `level` can be set while the agent runs")
        for parameter in parameters:
            self._tell(LevelConfirmed(parameter.value))
        return SetParametersResult(successful=True)

    # --- subscriptions ------------------------------------------------------------------------------------

    def _subscribe(self, kind: Any, topic: str, heard: Callable[[Any], None], qos: QoSProfile) -> None:
        # Each event would be one more thing to wait for; publishers that do not fit are found in the graph.
        events = SubscriptionEventCallbacks(use_default_callbacks=False)
        self._subscriptions.append(
            self.node.create_subscription(kind, topic, partial(_safely, heard), qos, event_callbacks=events)
        )

    def _subscribe_latched(self, kind: Any, topic: str, heard: Callable[[Any], None]) -> None:
        """The last value counts even when nobody repeats it; a publisher that keeps none is heard all the same."""
        self._subscribe(kind, topic, heard, _LATCHED)
        self._latched[topic] = partial(self._subscribe, kind, topic, heard, _VOLATILE)

    def _hear_volatile(self) -> None:
        """Subscribe once more to topics whose publishers turn out not to be transient local."""
        for topic, subscribe in tuple(self._latched.items()):
            publishers = self.node.get_publishers_info_by_topic(self.node.resolve_topic_name(topic))
            if any(info.qos_profile.durability == DurabilityPolicy.VOLATILE for info in publishers):
                self.node.get_logger().warning(f"{topic} is not transient local: its last value is not known at first")
                del self._latched[topic]
                subscribe()

    def _subscribe_to_transforms(self) -> None:
        # Only robots that are located by TF need its messages.
        from tf2_msgs.msg import TFMessage

        self._subscribe(TFMessage, "tf", self._ros_transforms, _RELIABLE)
        self._subscribe_latched(TFMessage, "tf_static", self._ros_transforms)

    def _ros_found(self, message: PoseWithCovarianceStamped) -> None:
        covariance = message.pose.covariance
        deviation = sqrt(max(0.0, float(covariance[0]), float(covariance[7])))
        self._locating.found(_pose(message.pose.pose), _seconds(message.header.stamp), deviation)
        self._tell_position(located=True)

    def _ros_drove(self, message: Odometry) -> None:
        twist = message.twist.twist.linear
        self._locating.sped(hypot(twist.x, twist.y))
        if self._settings.pose_source is not PoseSource.TF:
            self._locating.drove(_pose(message.pose.pose), _seconds(message.header.stamp))
        self._tell_position(located=self._settings.pose_source is PoseSource.ODOM)

    def _ros_transforms(self, message: Any) -> None:
        names = self._settings
        located = False
        for transform in message.transforms:
            frames = (transform.header.frame_id.lstrip("/"), transform.child_frame_id.lstrip("/"))
            moved, turned = transform.transform.translation, transform.transform.rotation
            pose = MapPose(moved.x, moved.y, yaw_of(turned.x, turned.y, turned.z, turned.w))
            if frames == (names.map_frame, names.odom_frame):
                self._locating.transformed(pose)
                located = True
            elif frames == (names.odom_frame, names.base_frame):
                self._locating.drove(pose, _seconds(transform.header.stamp))
        self._tell_position(located=located)

    def _ros_battery(self, message: BatteryState) -> None:
        if isfinite(message.percentage):
            # The message says 0 to 1; some drivers say per cent.
            share = message.percentage / 100.0 if message.percentage > 1.5 else message.percentage
            full, charging = BatteryState.POWER_SUPPLY_STATUS_FULL, BatteryState.POWER_SUPPLY_STATUS_CHARGING
            charges = message.power_supply_status in (full, charging)
            self._tell(BatteryTold(min(1.0, max(0.0, share)), charges))

    def _ros_diagnosed(self, message: DiagnosticArray) -> None:
        for status in message.status:
            kind = _FAULTY.get(status.level)
            fault = "" if kind is None else status.message or kind
            if fault != self._faults.get(status.name, ""):
                self._faults[status.name] = fault
                self._tell(Diagnosed(status.name, fault))

    def _ros_estop(self, message: Bool) -> None:
        self._tell(EstopTold(message.data))

    def _ros_manual(self, message: Bool) -> None:
        self._tell(ManualTold(message.data))

    def _ros_statuses(self, navigation: Navigation, message: GoalStatusArray) -> None:
        active = [bytes(s.goal_info.goal_id.uuid) for s in message.status_list if s.status in _UNDER_WAY]
        own = [goal for goal in active if goal.startswith(self._own)]
        self._active[navigation] = own
        others = len(active) > len(own)
        if others is not self._others.get(navigation, False):
            self._others[navigation] = others
            self._tell(OthersNavigate(navigation, others))

    # --- telling ------------------------------------------------------------------------------------------

    def _tell(self, event: RobotEvent) -> None:
        self._bridge.in_loop(partial(self._deliver, event))

    def _tell_position(self, *, located: bool) -> None:
        """Only the newest position counts, but that the robot located itself must not get lost."""
        pose = self._locating.pose
        if pose is None:
            return
        with self._position_lock:
            waiting = self._position
            located = located or (waiting is not None and waiting.located)
            self._position = Position(pose, self._locating.speed, self._locating.deviation, located)
        if waiting is None:
            self._bridge.in_loop(self._deliver_position)

    def _deliver_position(self) -> None:
        # Without the lock a position could be put down just as the one before it is taken: nobody would fetch it, nor
        # any that comes after it.
        with self._position_lock:
            position, self._position = self._position, None
        if position is not None:
            self._deliver(position)

    def _deliver(self, event: RobotEvent) -> None:
        if self._listener is not None:
            self._listener(event)
        elif isinstance(event, Position) and self._early and isinstance(self._early[-1], Position):
            self._early[-1] = event
        else:
            self._early.append(event)

    # --- the port -----------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        early, self._early = self._early, []
        for event in early:
            listener(event)

    def ask(self, number: int, request: Request) -> None:
        self._bridge.in_ros(self._ros_ask, number, request, _SEEK)

    def cancel(self, number: int) -> None:
        self._bridge.in_ros(self._ros_cancel, number)

    def stand_still(self) -> None:
        self._bridge.in_ros(self._ros_stand_still)

    def set_pose(self, pose: MapPose) -> None:
        self._bridge.in_ros(self._ros_set_pose, pose)

    def say(self, severity: Severity, text: str) -> None:
        self._bridge.in_ros(self._ros_say, severity, text)

    def close(self) -> None:
        self._listener = _deaf

    # --- asking -------------------------------------------------------------------------------------------

    def _ros_ask(self, number: int, request: Request, patience: float) -> None:
        """Begin once the server is there; `patience` is how long (s) to seek it on."""
        name = request.action if isinstance(request, Navigate) else SERVED_BY[type(request)]
        is_service = isinstance(request, LoadMap)
        client = self._service(name, LoadMapService) if is_service else self._client(name)
        # To ask takes longer than all the rest.
        ready = name in self._ready or (client.service_is_ready() if is_service else client.server_is_ready())
        self._asked[number] = request
        if not ready and patience > 0.0:
            again = partial(self._bridge.later, _SEEK_AGAIN, self._ros_ask, number, request, patience - _SEEK_AGAIN)
            self._bridge.in_loop(again)
        elif not ready:
            self._end(Ended(number, Outcome.NOT_OFFERED, text=f"the robot offers no {name}"))
        elif isinstance(request, LoadMap):
            future = client.call_async(LoadMapService.Request(map_url=request.url))
            future.add_done_callback(partial(_safely, self._ros_map_loaded, number))
        else:
            self._ready.add(name)
            goal = UUID(uuid=list(self._own + os.urandom(16 - _OWN)))
            future = client.send_goal_async(self._goal(request), goal_uuid=goal)
            future.add_done_callback(partial(_safely, self._ros_answered, number, request))

    def _goal(self, request: Request) -> Any:
        match request:
            case Navigate(action=Navigation.TO_POSE, poses=poses):
                return NavigateToPose.Goal(pose=self._stamped(poses[-1]))
            case Navigate(poses=poses):
                goal = NavigateThroughPoses.Goal()
                stamped = [self._stamped(pose) for pose in poses]
                if hasattr(goal.poses, "goals"):
                    goal.poses.header = stamped[0].header
                    goal.poses.goals = stamped
                else:
                    # Before Kilted the poses were a plain list.
                    goal.poses = stamped
                return goal
            case DockAt(charger=charger):
                return DockAction.Goal(charger=charger)
            case MoveCompartment():
                return OpenCompartmentAction.Goal(
                    compartment=request.compartment,
                    open=request.open,
                    direction=request.direction,
                    items=list(request.items),
                )
            case RideLift():
                return RideLiftAction.Goal(
                    lift=request.lift,
                    from_level=request.from_level,
                    to_level=request.to_level,
                    exit_pose=self._stamped(request.exit_pose),
                )
            case Announce():
                return AnnounceAction.Goal(text=request.text, language=request.language, volume=request.volume)
            case LoadMap():
                raise AssertionError("a map is loaded by a service")

    def _ros_answered(self, number: int, request: Request, future: Any) -> None:
        handle = future.result()
        if not handle.accepted:
            if isinstance(request, Navigate):
                self._ros_ask_state(number)
            else:
                self._end(Ended(number, Outcome.REJECTED))
            return
        self._goals[number] = handle
        if len(self._goals) > _GOALS_KEPT:
            # Its server is gone: it will never end.
            oldest = next(iter(self._goals))
            del self._goals[oldest], self._asked[oldest]
        self._tell(Accepted(number))
        handle.get_result_async().add_done_callback(partial(_safely, self._ros_ended, number))
        if number in self._unwanted:
            handle.cancel_goal_async()

    def _ros_ended(self, number: int, future: Any) -> None:
        self._goals.pop(number, None)
        answer = future.result()
        outcome = _OUTCOMES.get(answer.status)
        if outcome is None:
            self._end(Ended(number, Outcome.ABORTED, text="the action server knows nothing of the goal"))
            return
        result = answer.result
        self._end(Ended(number, outcome, int(getattr(result, "error_code", 0)), getattr(result, "error_msg", "")))

    def _ros_map_loaded(self, number: int, future: Any) -> None:
        result = future.result().result
        success = result == LoadMapService.Response.RESULT_SUCCESS
        text = "" if success else _MAP_PROBLEMS.get(result, "")
        self._end(Ended(number, Outcome.SUCCEEDED if success else Outcome.ABORTED, 0 if success else int(result), text))

    def _ros_ask_state(self, number: int) -> None:
        """Nav2 rejected a goal: the life cycle of its navigator may say why."""
        client = self._service("bt_navigator/get_state", GetState)
        if not client.service_is_ready():
            self._end(Ended(number, Outcome.REJECTED))
            return
        told = False

        def end(text: str) -> None:
            nonlocal told
            if not told:
                told = True
                self._end(Ended(number, Outcome.REJECTED, text=text))

        def answered(future: Any) -> None:
            label = future.result().current_state.label
            end("" if label == "active" else f"bt_navigator is {label}")

        client.call_async(GetState.Request()).add_done_callback(partial(_safely, answered))
        self._bridge.in_loop(partial(self._bridge.later, _STATE_PATIENCE, end, "bt_navigator does not answer"))

    def _end(self, ended: Ended) -> None:
        self._asked.pop(ended.number, None)
        self._unwanted.discard(ended.number)
        self._tell(ended)

    def _ros_cancel(self, number: int) -> None:
        handle = self._goals.get(number)
        if handle is not None:
            handle.cancel_goal_async()
        elif number in self._asked:
            self._unwanted.add(number)

    def _ros_stand_still(self) -> None:
        known = {bytes(handle.goal_id.uuid) for handle in self._goals.values()}
        for number, request in tuple(self._asked.items()):
            if isinstance(request, Navigate):
                self._ros_cancel(number)
        for navigation, goals in self._active.items():
            for goal in goals:
                if goal not in known:
                    self._ros_cancel_unknown(navigation, goal)

    def _ros_cancel_unknown(self, navigation: Navigation, goal: bytes) -> None:
        """A goal that this agent set before it was killed."""
        client = self._service(f"{navigation}/_action/cancel_goal", CancelGoal)
        request = CancelGoal.Request(goal_info=GoalInfo(goal_id=UUID(uuid=list(goal))))
        client.call_async(request)

    def _ros_set_pose(self, pose: MapPose) -> None:
        message = PoseWithCovarianceStamped()
        stamped = self._stamped(pose)
        message.header, message.pose.pose = stamped.header, stamped.pose
        message.pose.covariance[0], message.pose.covariance[7], message.pose.covariance[35] = _CERTAIN
        self._pose_publisher.publish(message)

    def _ros_say(self, severity: Severity, text: str) -> None:
        logger = self.node.get_logger()
        # rclpy allows each place of a program one severity.
        if severity is Severity.INFO:
            logger.info(text)
        elif severity is Severity.WARNING:
            logger.warning(text)
        else:
            logger.error(text)

    # --- servers ------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See who serves the actions that are used, now and then from now on. Runs in the executor's thread.

        A server that was killed stays in the graph until its lease runs out; one that was started anew is told by its
        new publisher of goals' states.
        """
        self._looks += 1
        closely = self._looks % _LOOK_CLOSELY == 1
        if closely:
            self._hear_volatile()
        for name in dict.fromkeys((*Navigation, *self._clients)):
            before = self._servers.get(name)
            topic = self.node.resolve_topic_name(f"{name}/_action/status")
            count = self.node.count_publishers(topic)
            if before is not None and before.present and count == self._publishers.get(name) and not closely:
                continue
            self._publishers[name] = count
            known = self._known_servers.setdefault(name, set())
            publishers = {bytes(info.endpoint_gid) for info in self.node.get_publishers_info_by_topic(topic)}
            generation = (before.generation if before is not None else 0) + bool(publishers - known)
            known |= publishers
            takes_goals = self.node.count_services(self.node.resolve_service_name(f"{name}/_action/send_goal")) > 0
            seen = ServerSeen(name, bool(publishers) and takes_goals, generation)
            if seen != before and (before is not None or seen.present):
                self._tell(seen)
            self._servers[name] = seen
            if not seen.present:
                self._ready.discard(name)
        complete = all(name in self._servers and self._servers[name].present for name in Navigation)
        self._bridge.in_loop(partial(self._bridge.later, _LOOK if complete else _SEEK_AGAIN, self.look))

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = ActionClient(self.node, _ACTIONS[name], name)
        return self._clients[name]

    def _service(self, name: str, kind: Any) -> Any:
        if name not in self._services:
            self._services[name] = self.node.create_client(kind, name)
        return self._services[name]

    def _stamped(self, pose: MapPose) -> PoseStamped:
        message = PoseStamped()
        message.header.frame_id = self._settings.map_frame
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.pose.position.x, message.pose.position.y = pose.x, pose.y
        message.pose.orientation.z, message.pose.orientation.w = sin(pose.yaw / 2.0), cos(pose.yaw / 2.0)
        return message


_ROS_PARAMETERS: Final = frozenset({"use_sim_time", "start_type_description_service", "qos_overrides"})
_MAP_PROBLEMS: Final = {
    LoadMapService.Response.RESULT_MAP_DOES_NOT_EXIST: "there is no such map",
    LoadMapService.Response.RESULT_INVALID_MAP_DATA: "the map's picture can't be used",
    LoadMapService.Response.RESULT_INVALID_MAP_METADATA: "the map's YAML can't be used",
}


def _pose(message: Any) -> MapPose:
    turned = message.orientation
    return MapPose(message.position.x, message.position.y, yaw_of(turned.x, turned.y, turned.z, turned.w))


def _seconds(stamp: Any) -> float:
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def _safely(what: Callable[..., object], *arguments: Any) -> None:
    """One callback's mistake must not end the thread that all robots of the process live by."""
    try:
        what(*arguments)
    except Exception:
        log.exception("a ROS callback failed")


def _deaf(_event: RobotEvent) -> None:
    """The agent was stopped."""
