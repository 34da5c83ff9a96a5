"""Robots that are decontaminated between two zones, goods or rounds: where, by whom, and when they are fit again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace as changed

from fleet_manager.domain import infection_control
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from fleet_manager.domain.events import RobotDecontaminated, RobotStatusChanged, RobotWipedDown
from fleet_manager.domain.infection_control import Need
from fleet_manager.domain.missions import MissionKind, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotStatus
from fleet_manager.domain.tasks import FLEET_MANAGER, Actor, DeliveryTask
from fleet_manager.orchestration.commands import ConfirmWipeDown
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.waiting_places import WaitingPlaces
from fleet_manager.planning.routes import Routes
from maps.model import Fleet, RobotId, Site, WaypointId, ZoneClass


class Decontamination:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        places: WaitingPlaces,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._places = places
        self._patience = patience

    # --- who needs it --------------------------------------------------------------------------------------

    def classes_at(self, place: WaypointId) -> frozenset[ZoneClass]:
        return frozenset(z.zone_class for z in self._routes.zones.of[place] if z.zone_class is not None)

    def needed_before(self, robot: Robot, task: DeliveryTask) -> Need | None:
        """Why a robot must not do a task before it is decontaminated."""
        fleet = self._site.fleets[robot.fleet]
        places = [stop.place for stop in task.stops]
        return infection_control.decontamination_needed(robot, fleet, places, task.items, self._site, self.classes_at)

    def shut_out(self, robot: Robot, place: WaypointId) -> Need | None:
        """Why a robot must not serve a place as it is: somebody moved it through another zone on its way."""
        fleet = self._site.fleets[robot.fleet]
        exposed = bool(robot.exposure & self._site.infection_rules.leaving)
        if not exposed:
            return None
        return infection_control.decontamination_needed(
            changed(robot, deliveries=0, carried=()), fleet, (place,), (), self._site, self.classes_at
        )

    def due(self, robot: Robot) -> Need | None:
        """Why a robot with nothing to do is decontaminated now; one that charges, or has to, is not."""
        if self._charges(robot):
            return None
        fleet, home = self._site.fleets[robot.fleet], self._execution.home(robot.id)
        return infection_control.decontamination_due(robot, fleet, home, self._site, self.classes_at)

    def may_go(self, robot: Robot) -> bool:
        """Whether a robot that a task needs decontaminated may be sent there now."""
        return not self._charges(robot) and not self.runs(robot)

    def runs(self, robot: Robot) -> bool:
        """Whether a robot is being decontaminated, or on its way to that."""
        mission = self._ledger.state.mission_of(robot)
        return mission is not None and mission.kind is MissionKind.DECONTAMINATE

    def _charges(self, robot: Robot) -> bool:
        return robot.state_of_charge < self._site.fleets[robot.fleet].battery.recharge_below

    # --- where ---------------------------------------------------------------------------------------------

    def place_for(self, robot: Robot, need: Need, taken: set[WaypointId]) -> WaypointId | None:
        """The nearest bay that is free; where no bay can be reached, a place where it is in nobody's way.

        None when the bays are taken; when there is no place at all a person is called.
        """
        start = self._execution.will_stand_at(robot.id)
        if start is None:
            return None
        closed = self._ledger.state.closed_lanes(start, strictly=True)
        tables = self._routes.of(robot.fleet)
        fit = self._fit_for(self._site.fleets[robot.fleet])
        bays = [bay for bay in self._site.decontamination_bays if fit(bay)]
        ways = [(way, bay) for bay in bays if (way := tables.time(start, bay, closed)) is not None]
        if ways:
            return min(((way, bay) for way, bay in ways if bay not in taken), default=(0.0, None))[1]
        place = self._places.nearest(robot.id, closed, fit)
        if place is not None:
            self._ledger.close_alert("no_decontamination", robot.id)
            return place
        self._ledger.alert(
            "no_decontamination",
            robot.id,
            f"{robot.id} {need.because} and finds no place to be decontaminated at",
            "reopen the way to a decontamination bay, or add one to the map",
        )
        return None

    def _fit_for(self, fleet: Fleet) -> Callable[[WaypointId], bool]:
        """Where robots of a fleet may be decontaminated: who stays in soiling zones there, others outside of them.

        Never at a charger: nobody wipes down what charges.
        """
        leaving = self._site.infection_rules.leaving
        inside = infection_control.stays_inside(fleet, self._site)

        def fits(place: WaypointId) -> bool:
            is_open = self._ledger.state.closure_at(place) is None
            return is_open and place not in self._site.chargers and bool(self.classes_at(place) & leaving) == inside

        return fits

    # --- how it goes ---------------------------------------------------------------------------------------

    def begin(self, robot_id: RobotId, step: Step) -> bool:
        """The robot is there: wait for a person; an automatic bay begins by itself, which is answered."""
        self._ledger.record(RobotStatusChanged(robot=robot_id, status=RobotStatus.DECONTAMINATING))
        bay = self._site.decontamination_bays.get(step.place)
        if bay is not None and bay.automatic:
            self._wiped(robot_id, FLEET_MANAGER, bay.waypoint, bay.duration)
            return True
        self._ledger.set_timer("wipe_down_alert", robot_id, self._patience.wipe_down_alert)
        return False

    def confirm(self, request: ConfirmWipeDown) -> RobotId:
        """Somebody wiped the robot down. Raises Conflict when it does not wait for that."""
        robot = self._ledger.state.robots.get(RobotId(request.robot))
        if robot is None:
            raise NotFound(f"there is no robot {request.robot}", way_out="GET /api/v1/robots lists them")
        rules = self._site.infection_rules
        if request.actor.role == "system":
            raise InvalidRequest(
                f"{request.actor.id} is no person: only a person confirms that {robot.id} was wiped down",
                field="actor",
                way_out="let whoever wiped it confirm it",
            )
        if rules.confirmed_by and request.actor.role not in rules.confirmed_by:
            raise NotAllowed(
                f"{request.actor.id} may not confirm that {robot.id} was wiped down",
                way_out=f"ask somebody with the role {' or '.join(sorted(rules.confirmed_by))}",
            )
        if robot.docked:
            raise Conflict(
                f"{robot.id} charges: nobody wipes it down now", way_out="wait until it has left the charger"
            )
        step = self._step(robot)
        if step is None or step.status is not StepStatus.WAITING_FOR_PERSON:
            raise Conflict(
                f"{robot.id} does not wait to be wiped down",
                way_out="wait until its status is decontaminating and it says that it waits for a person",
            )
        self._wiped(robot.id, request.actor, request.agent or rules.agent, rules.contact_time)
        return robot.id

    def _wiped(self, robot_id: RobotId, actor: Actor, agent: str, seconds: float) -> None:
        self._ledger.stop_timer("wipe_down_alert", robot_id)
        self._ledger.close_alert("wipe_down_waiting", robot_id)
        until = self._ledger.now() + timedelta(seconds=seconds)
        self._ledger.record(RobotWipedDown(robot=robot_id, actor=actor, agent=agent, until=until))
        self._ledger.set_timer("contact", robot_id, seconds)

    def contact_over(self, robot_id: RobotId) -> bool:
        """The contact time is over: the robot is fit again, unless it was called away meanwhile."""
        robot = self._ledger.state.robots[robot_id]
        if robot.contact_until is None or robot.waypoint is None or self._step(robot) is None:
            return False
        exposure = tuple(sorted(self.classes_at(robot.waypoint)))
        self._ledger.record(RobotDecontaminated(robot=robot_id, exposure=exposure))
        return True

    def nobody_came(self, robot_id: RobotId) -> None:
        """Call a person to a robot that still waits."""
        step = self._step(self._ledger.state.robots[robot_id])
        if step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
            rules = self._site.infection_rules
            self._ledger.alert(
                "wipe_down_waiting",
                robot_id,
                f"nobody wipes {robot_id} down at {step.place}",
                f"wipe it down with {rules.agent} and confirm that",
            )

    def over(self, robot_id: RobotId) -> None:
        """Its mission is over, however that came."""
        self._ledger.stop_timer("wipe_down_alert", robot_id)
        self._ledger.stop_timer("contact", robot_id)
        self._ledger.close_alert("wipe_down_waiting", robot_id)

    def take_up(self) -> None:
        """After a restart: start the timers that the state calls for."""
        for robot in self._ledger.state.robots.values():
            step = self._step(robot)
            if step is not None and robot.contact_until is not None:
                left = (robot.contact_until - self._ledger.now()).total_seconds()
                self._ledger.set_timer("contact", robot.id, max(left, 0.0))
            elif step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                self._ledger.set_timer("wipe_down_alert", robot.id, self._patience.wipe_down_alert)

    def _step(self, robot: Robot) -> Step | None:
        """The decontamination that runs on a robot now."""
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        return step if step is not None and step.kind is StepKind.DECONTAMINATE else None
