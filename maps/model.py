"""A site as data: levels, the routing graph's waypoints and lanes, doors, lifts, zones, furniture and fleets.

Everything here is frozen. All coordinates are metres in the one metric *site frame* (x east, y north;
REP-103), shared by all levels; `Level.elevation` is metres above the site's datum. Angles are radians
counter-clockwise from x, speeds m/s, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias

LevelId = NewType("LevelId", str)
WaypointId = NewType("WaypointId", str)
LaneId = NewType("LaneId", str)
DoorId = NewType("DoorId", str)
CrossingId = NewType("CrossingId", str)
LiftId = NewType("LiftId", str)
ZoneId = NewType("ZoneId", str)
BuildingId = NewType("BuildingId", str)
FleetId = NewType("FleetId", str)
RobotId = NewType("RobotId", str)
ItemClassId = NewType("ItemClassId", str)
FurnitureId = NewType("FurnitureId", str)
SurfaceId = NewType("SurfaceId", str)
DosePresetId = NewType("DosePresetId", str)
SprayAgentId = NewType("SprayAgentId", str)

Point: TypeAlias = tuple[float, float]
Ring: TypeAlias = tuple[Point, ...]


class ZoneClass(StrEnum):
    """Infection-control class of a zone (三区两通道: three zones, two passages)."""

    CLEAN = "clean"
    SEMI_CONTAMINATED = "semi_contaminated"
    CONTAMINATED = "contaminated"
    ISOLATION = "isolation"
    PROTECTIVE = "protective"
    RESTRICTED = "restricted"


class ZoneKind(StrEnum):
    """What the polygon stands for; one place may lie in several zones of different kinds."""

    AREA = "area"
    ROOM = "room"
    CORRIDOR = "corridor"
    BUFFER_ROOM = "buffer_room"
    NO_SIGNAL = "no_signal"
    ESCAPE_ROUTE = "escape_route"
    OUTDOOR = "outdoor"
    STREET_CROSSING = "street_crossing"


class Passage(StrEnum):
    """Who may use a passage; of the two passages of an isolation ward each robot keeps to one."""

    STAFF = "staff"
    PATIENT = "patient"


class Flow(StrEnum):
    """Direction of materials through a zone, lift or passage."""

    CLEAN = "clean"
    SOILED = "soiled"


class DoorKind(StrEnum):
    HINGED = "hinged"
    DOUBLE_HINGED = "double_hinged"
    SLIDING = "sliding"
    DOUBLE_SLIDING = "double_sliding"
    TELESCOPE = "telescope"
    DOUBLE_TELESCOPE = "double_telescope"


class TransferKind(StrEnum):
    """Where custody can change between two carriers without a person."""

    PASS_THROUGH_WINDOW = "pass_through_window"
    BUFFER = "buffer"
    PAD = "pad"


class CarrierKind(StrEnum):
    GROUND = "ground"
    UAV = "uav"
    PERSON = "person"


class Orientation(StrEnum):
    """Which end of the robot leads on a lane."""

    FORWARD = "forward"
    BACKWARD = "backward"


class Facing(StrEnum):
    """Where a surface looks: sideways along its `normal`, or straight up or down."""

    SIDE = "side"
    UP = "up"
    DOWN = "down"


class Disposition(StrEnum):
    """Where goods on board go when their task is cancelled or nobody collects them."""

    CONTINUE = "continue"
    RETURN = "return"
    QUARANTINE = "quarantine"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoAnchor:
    """The site frame's origin in WGS 84 (degrees), and the heading of its x axis from east (rad)."""

    latitude_deg: float
    longitude_deg: float
    rotation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One storey. `walls` are polylines, `floors` polygons with holes (first ring outside)."""

    id: LevelId
    elevation: float
    walls: tuple[Ring, ...] = ()
    floors: tuple[tuple[Ring, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A place robots drive to or through (VDA 5050 *node*).

    `name` is what people call the place; unnamed waypoints are only driven through. `heading` is the yaw a
    robot stands in here, None when any will do. `lift` is set on the waypoint inside that lift's car.
    `stop` is False where no robot may wait: doorways, crossings, buffer rooms. `dispenser` and `ingestor`
    name the device that loads or unloads a robot without a person.
    """

    id: WaypointId
    level: LevelId
    x: float
    y: float
    name: str | None = None
    heading: float | None = None
    lift: LiftId | None = None
    stop: bool = True
    dispenser: str | None = None
    ingestor: str | None = None

    @property
    def xy(self) -> Point:
        return (self.x, self.y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A directed, straight connection of two waypoints of one level (VDA 5050 *edge*).

    `width` is the free width a robot may use; `speed_limit` None means the robot's own limit. `door` is the
    door that must be open while a robot is on the lane. `fleets` None admits every fleet. At most one robot is
    on all lanes that share a `mutex`. `orientation` None leaves the robot free to drive either way round. `requires`
    are capabilities that a robot needs here, such as `ramp`. `crossing` leads over a street, from kerb to kerb.
    """

    id: LaneId
    start: WaypointId
    end: WaypointId
    length: float
    width: float = 1.5
    speed_limit: float | None = None
    door: DoorId | None = None
    crossing: CrossingId | None = None
    fleets: frozenset[FleetId] | None = None
    mutex: str | None = None
    orientation: Orientation | None = None
    requires: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A door between `start` and `end` (hinge first). `automatic` doors open on request, others stand open.

    `swing` is the signed opening angle of hinged leaves (rad); `travel_time` is from closed to open (s).
    """

    id: DoorId
    level: LevelId
    start: Point
    end: Point
    kind: DoorKind = DoorKind.SLIDING
    automatic: bool = True
    swing: float = 1.5707963267948966
    travel_time: float = 3.0
    fire_door: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A signalled crossing of a street, for those on foot. Its lanes lead from one kerb to the other.

    It is green for `green` (s) and then red for at least `red`; one with `request` only when somebody asks for it, and
    no sooner than `reaction` (s) after that. In the last `clearance` seconds of green nobody may set out any more.
    """

    id: CrossingId
    green: float = 25.0
    red: float = 45.0
    clearance: float = 15.0
    reaction: float = 2.0
    request: bool = True
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """One lift car. `cabins` maps each served level to the waypoints inside the car (one per routing graph).

    `x, y, yaw, width, depth` place the car's floor; `speed` is the car's (m/s), `door_time` the time to open or
    to close its doors (s). `flow` reserves the car for clean or soiled goods; None admits both. `connected` is
    False for cars without a building interface: robots can't call them.
    """

    id: LiftId
    x: float
    y: float
    yaw: float
    width: float
    depth: float
    levels: tuple[LevelId, ...]
    cabins: Mapping[LevelId, tuple[WaypointId, ...]] = field(default_factory=dict)
    initial_level: LevelId
    flow: Flow | None = None
    speed: float = 1.0
    door_time: float = 3.0
    connected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon of one level with a meaning. `zone_class` None is a finding of `check` for areas and rooms."""

    id: ZoneId
    level: LevelId
    polygon: Ring
    kind: ZoneKind = ZoneKind.AREA
    zone_class: ZoneClass | None = None
    passage: Passage | None = None
    flow: Flow | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """What stands in a room: solid from the floor up to `height` (m) above it, over the whole `polygon`.

    Robots keep off it, and it casts a shadow in the light of a UV-C lamp.
    """

    id: FurnitureId
    level: LevelId
    polygon: Ring
    height: float
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A high-touch surface of a room: a bed rail, a handle, a switch. It lies in `zone`, `height` (m) above the floor.

    `normal` is the direction that a surface facing sideways looks to (rad).
    """

    id: SurfaceId
    level: LevelId
    zone: ZoneId
    x: float
    y: float
    height: float
    normal: float = 0.0
    facing: Facing = Facing.SIDE
    name: str | None = None

    @property
    def xy(self) -> Point:
        return (self.x, self.y)


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePreset:
    """The UV-C dose (J/m² at 254 nm) that a site wants against an organism, and whose figure it is."""

    id: DosePresetId
    name: str
    dose: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A part of the site with a fire alarm of its own: the places of its `levels` (none: of all) in its `polygon`.

    Without a polygon the levels are its own altogether.
    """

    id: BuildingId
    name: str
    levels: tuple[LevelId, ...] = ()
    polygon: Ring | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """A charging dock at a waypoint; `power` in watts, `fleets` None serves every fleet."""

    waypoint: WaypointId
    power: float = 360.0
    fleets: frozenset[FleetId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingPoint:
    """A waypoint where a robot may wait out of others' way; `parking` ones may be a robot's home."""

    waypoint: WaypointId
    parking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPoint:
    waypoint: WaypointId
    kind: TransferKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DecontaminationBay:
    """Where robots are decontaminated: wiped down by a person, or, when `automatic`, by the bay in `duration` (s)."""

    waypoint: WaypointId
    automatic: bool = False
    duration: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefillPoint:
    """Where sprayers get disinfectant into their tanks; `fleets` None serves every fleet with a sprayer."""

    waypoint: WaypointId
    fleets: frozenset[FleetId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTransform:
    """Rigid transform from the site frame to a fleet's map frame: rotate by `rotation`, then translate."""

    x: float = 0.0
    y: float = 0.0
    rotation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """A lockable space of a robot. `volume` in litres, `features` such as `cooled`, `locked`, `sealed`."""

    id: str
    volume: float
    features: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """`capacity` in watt hours, drains in watts; a mission is planned to end above `reserve` (0–1)."""

    capacity: float = 1000.0
    idle_drain: float = 25.0
    drive_drain: float = 120.0
    reserve: float = 0.15
    recharge_below: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class UvLamp:
    """A vertical UV-C lamp over the robot's turning centre: `length` of the arc, `height` of its middle (m).

    `irradiance` is the one figure of the data sheet that calibrates it: W/m² on a surface that faces the lamp, level
    with its middle, at `distance` (m) from its axis. Without it nothing can be planned. The output rises evenly over
    `warm_up` (s). Below the lamp is the robot's body, a disc of `body_radius` (m), which shadows the floor around it.
    """

    length: float
    height: float
    irradiance: float | None = None
    distance: float = 1.0
    warm_up: float = 60.0
    body_radius: float = 0.25
    rated_hours: float = 9000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """One robot of a fleet. `home` is its own parking place or charger: no two robots share one."""

    id: RobotId
    home: WaypointId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRules:
    """What a person looks at again: a skin temperature (°C) of `temperature` or more and, with `masks`, a missing mask.

    People farther away than `distance` (m) do not count. What was rechecked is deleted after `retention_days`.
    """

    temperature: float = 37.3
    distance: float = 10.0
    masks: bool = True
    retention_days: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `begin` to `until`, local times of day (HH:MM); over midnight when `until` is the earlier one."""

    begin: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRules:
    """Robots speak the site's `languages`, in their order, and not at all in `quiet_hours`; alarms and warnings do."""

    languages: tuple[str, ...] = ("zh", "en")
    quiet_hours: tuple[QuietHours, ...] = (
        QuietHours(begin="12:00", until="14:00"),
        QuietHours(begin="22:00", until="06:00"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayAgent:
    """A disinfectant as it is sprayed: `concentration` in g/L, `rate` in litres per m².

    A surface stays wet for `contact_time` (s); nobody enters for `reentry_time` (s) after the last of it was sprayed.
    """

    id: SprayAgentId
    name: str
    concentration: float
    rate: float = 0.1
    contact_time: float = 1800.0
    reentry_time: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprayer:
    """What a robot sprays with: `tank` in litres, `flow` at most in L/s, `swath` the width that it wets.

    `speed` is the robot's while it sprays. A charge lasts for `area_per_charge` (m²) and for `battery_time` (s),
    whichever ends first; `refill_time` and `recharge_time` (s) are spent at the refill point.
    """

    tank: float
    flow: float
    swath: float
    speed: float
    area_per_charge: float
    battery_time: float
    refill_time: float = 300.0
    recharge_time: float = 14400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayRules:
    """What may be sprayed, and how work that was given up is gone on with.

    Zones of kind `outdoor` are sprayed only where `outdoors` is set, and only by order of infection control. A new task
    for the same zone, agent and volume goes on with one that ended unfinished less than `resume_within` (s) ago. Where
    a zone outdoors was confirmed as vacated and cordoned off, that holds for `cordon_age` (s).
    """

    outdoors: bool = False
    resume_within: float = 4 * 3600.0
    cordon_age: float = 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Robots of one kind: body, drive, battery, compartments, and where they may go.

    `footprint` is the body's outline around its turning centre (m, x forward). `zones` are the zone classes
    the fleet may enter; `carrier` PERSON makes its members porters, who need no traffic allocation. `lamp` is the
    UV-C lamp of robots that disinfect. `by_hand` says how a compartment is opened without power or network, for the
    downtime sheet.
    """

    id: FleetId
    carrier: CarrierKind = CarrierKind.GROUND
    robots: tuple[Robot, ...] = ()
    footprint: Ring = ((0.35, 0.25), (-0.35, 0.25), (-0.35, -0.25), (0.35, -0.25))
    speed: float = 1.0
    acceleration: float = 0.5
    turn_speed: float = 0.8
    battery: Battery = Battery()
    compartments: tuple[Compartment, ...] = (Compartment(id="main", volume=60.0),)
    by_hand: str = ""
    sprayer: Sprayer | None = None
    payload: float = 30.0
    capabilities: frozenset[str] = frozenset({"delivery"})
    zones: frozenset[ZoneClass] = frozenset(ZoneClass) - {ZoneClass.ISOLATION, ZoneClass.CONTAMINATED}
    flow: Flow | None = None
    frames: Mapping[LevelId, FrameTransform] = field(default_factory=dict)
    lamp: UvLamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemClass:
    """What a kind of goods needs, and where it goes when its task is cancelled or it is not collected.

    `needs` are compartment features; `maximum_carry_time` in seconds. `signatures` is how many persons (1 or 2) sign
    whenever such goods change hands, `right` what each of them needs by the staff register. Item classes are site data;
    goods of an unknown class are held on the robot and a person is called.
    """

    id: ItemClassId
    name: str
    needs: frozenset[str] = frozenset()
    maximum_carry_time: float | None = None
    on_cancel: Disposition = Disposition.RETURN
    on_uncollected: Disposition = Disposition.RETURN
    flow: Flow = Flow.CLEAN
    volume: float = 5.0
    signatures: int = 1
    right: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InfectionRules:
    """When a robot is decontaminated before it goes on, and how a person does that.

    After `leaving` one of these zone classes a robot serves no place outside them before it is decontaminated. A fleet
    that may enter them is dedicated to them, and comes out to transfer points only, unless it is one of
    `shared_fleets`. `protected_goods` (food, drugs, sterile goods) and soiled goods never go on one robot without
    decontamination in between. `wipe_after` is the number of deliveries, a round of several stops counting as one,
    after which robots of `wipe_fleets` (None: all) are wiped down. `agent` has to work for `contact_time` (s) on what
    was wiped. `confirmed_by` are the roles of those who may confirm a wipe-down; empty: every person.
    """

    leaving: frozenset[ZoneClass] = frozenset({ZoneClass.CONTAMINATED, ZoneClass.ISOLATION})
    shared_fleets: frozenset[FleetId] = frozenset()
    protected_goods: frozenset[ItemClassId] = frozenset(
        ItemClassId(name) for name in ("blood", "controlled_drug", "meal", "medicine", "opened_medicine", "sterile")
    )
    wipe_after: int | None = None
    wipe_fleets: frozenset[FleetId] | None = None
    agent: str = "alcohol 75 %"
    contact_time: float = 60.0
    confirmed_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCare:
    """How the zone `id` is kept disinfected, to `dose` (J/m²).

    It is due so many seconds (`every`) after it was disinfected last. Disinfection is asked for by itself when a
    patient is discharged from it (`on_discharge`), and once goods of the classes `after_goods` changed hands in it.
    """

    id: ZoneId
    dose: float = 1000.0
    every: float | None = None
    on_discharge: bool = False
    after_goods: frozenset[ItemClassId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRules:
    """Who collects waste and linen, by role: one of them signs with somebody of the ward for every bag.

    Weights at both ends may differ by `tolerance` (kg) before people have to clear it up.
    """

    collectors: frozenset[str] = frozenset({"cleaner", "collector", "facility", "porter"})
    tolerance: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole hospital. Mappings are keyed by the id of what they hold and keep the order of the source.

    `quarantine` is where goods of disposition QUARANTINE are brought.
    """

    name: str
    levels: Mapping[LevelId, Level]
    waypoints: Mapping[WaypointId, Waypoint]
    lanes: Mapping[LaneId, Lane]
    doors: Mapping[DoorId, Door] = field(default_factory=dict)
    lifts: Mapping[LiftId, Lift] = field(default_factory=dict)
    crossings: Mapping[CrossingId, Crossing] = field(default_factory=dict)
    zones: Mapping[ZoneId, Zone] = field(default_factory=dict)
    furniture: Mapping[FurnitureId, Furniture] = field(default_factory=dict)
    surfaces: Mapping[SurfaceId, Surface] = field(default_factory=dict)
    buildings: Mapping[BuildingId, Building] = field(default_factory=dict)
    chargers: Mapping[WaypointId, Charger] = field(default_factory=dict)
    holding_points: Mapping[WaypointId, HoldingPoint] = field(default_factory=dict)
    transfer_points: Mapping[WaypointId, TransferPoint] = field(default_factory=dict)
    decontamination_bays: Mapping[WaypointId, DecontaminationBay] = field(default_factory=dict)
    refill_points: Mapping[WaypointId, RefillPoint] = field(default_factory=dict)
    fleets: Mapping[FleetId, Fleet] = field(default_factory=dict)
    item_classes: Mapping[ItemClassId, ItemClass] = field(default_factory=dict)
    dose_presets: Mapping[DosePresetId, DosePreset] = field(default_factory=dict)
    spray_agents: Mapping[SprayAgentId, SprayAgent] = field(default_factory=dict)
    zone_care: Mapping[ZoneId, ZoneCare] = field(default_factory=dict)
    screening: ScreeningRules = ScreeningRules()
    spraying: SprayRules = SprayRules()
    voices: VoiceRules = VoiceRules()
    quarantine: WaypointId | None = None
    infection_rules: InfectionRules = InfectionRules()
    collection: CollectionRules = CollectionRules()
    anchor: GeoAnchor | None = None
    timezone: str = "UTC"
