import 'ol/ol.css';
import Feature from 'ol/Feature';
import GeoJSON from 'ol/format/GeoJSON';
import Point from 'ol/geom/Point';
import VectorLayer from 'ol/layer/Vector';
import OlMap from 'ol/Map';
import { defaults as defaultControls } from 'ol/control/defaults';
import ScaleLine from 'ol/control/ScaleLine';
import { defaults as defaultInteractions } from 'ol/interaction/defaults';
import Projection from 'ol/proj/Projection';
import VectorSource from 'ol/source/Vector';
import Circle from 'ol/style/Circle';
import Fill from 'ol/style/Fill';
import RegularShape from 'ol/style/RegularShape';
import Stroke from 'ol/style/Stroke';
import Style from 'ol/style/Style';
import Text from 'ol/style/Text';
import View from 'ol/View';
import type { ClosureView, DoorView, LevelView, LiftView, MovingPose, RobotView } from '../api/types';
import { robotColour } from '../robots/colours';
import { chargeText } from '../robots/state';
import { spotsOf, waitsForPerson, type Spot } from '../traffic/resource';
import { Building, label, NAME_FONT, widthOf, type Words } from './building';
import { ClosureDrawing } from './closures';
import type { MapColours } from './colours';
import { Glide } from './glide';
import { nameOffset, sidesOf, type Side } from './labels';
import { routeColour, TrafficDrawing } from './traffic';

const LABELS = 'labels';
const MARGIN = 2;
const GRASP_PX = 14;
const NAMES_AGAIN_MS = 300;
/** Metres a pixel: on a map smaller than this, robots are drawn smaller too. */
const SMALL_ABOVE = 0.2;
const LOW_CHARGE = 0.3;
const WIDE_FROM = 700;
const DETAILS_PX = 450;
const BADGE_FONT = '700 12px system-ui, sans-serif';
const FIT_PADDING = [32, 32, 32, 96];

export interface Dynamics {
  readonly robots: Readonly<Record<string, RobotView>>;
  readonly doors: Readonly<Record<string, DoorView>>;
  readonly lifts: Readonly<Record<string, LiftView>>;
  readonly closures: readonly ClosureView[];
  readonly selected: string | null;
  /** Whether the routes and waits of all robots are shown, not only those of the selected one. */
  readonly traffic: boolean;
  readonly words: Words;
}

interface Marker {
  readonly feature: Feature<Point>;
  readonly glide: Glide;
  robot: RobotView;
  level: string;
  style: Style[];
  side: Side | null;
}

/** The drawing of one level and of what moves on it. All coordinates are metres of the site frame. */
export class MapScene {
  private readonly projection: Projection;
  private readonly map: OlMap;
  private readonly drawing = new VectorSource();
  private readonly closures: ClosureDrawing;
  private readonly traffic: TrafficDrawing;
  private readonly robots = new VectorSource<Feature<Point>>();
  private readonly buildingLayer: VectorLayer;
  private readonly markers: Record<string, Marker> = {};
  private building = new Building([]);
  private level: LevelView | null = null;
  private spots: ReadonlyMap<string, Spot> = new Map();
  private dynamics: Dynamics | null = null;
  private frame = 0;
  private small = false;
  private namedAt = 0;

  constructor(
    target: HTMLElement,
    private colours: MapColours,
    onRobot: (robot: string | null) => void,
  ) {
    this.projection = new Projection({ code: 'site', units: 'm' });
    this.closures = new ClosureDrawing(colours);
    this.traffic = new TrafficDrawing(colours);
    this.buildingLayer = new VectorLayer({
      source: this.drawing,
      style: (feature, resolution) => this.buildingStyle(feature as Feature, resolution),
      declutter: LABELS,
    });
    this.map = new OlMap({
      target,
      controls: defaultControls({ rotate: false, attribution: false }).extend([new ScaleLine()]),
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false, onFocusOnly: false }),
      layers: [
        this.buildingLayer,
        this.closures.layer,
        ...this.traffic.layers,
        new VectorLayer({ source: this.robots, declutter: LABELS }),
      ],
    });
    this.map.on('click', ({ pixel }) => {
      const found = this.map.forEachFeatureAtPixel(pixel, (feature) => feature.get('robot') as string | undefined, {
        hitTolerance: GRASP_PX,
      });
      onRobot(found ?? null);
    });
    this.map.on('moveend', () => this.resize());
    this.map.on('pointermove', ({ pixel, dragging }) => {
      if (dragging) return;
      const robot = this.map.hasFeatureAtPixel(pixel, { hitTolerance: 4, layerFilter: (layer) => layer.getSource() === this.robots });
      target.style.cursor = robot ? 'pointer' : '';
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.map.setTarget();
    this.map.dispose();
  }

  paint(colours: MapColours): void {
    this.colours = colours;
    this.closures.paint(colours);
    this.traffic.paint(colours);
    this.buildingLayer.changed();
    this.dressAll();
    if (this.dynamics !== null) this.showTraffic(this.dynamics);
  }

  draw(level: LevelView): void {
    this.level = level;
    this.spots = spotsOf(level);
    this.closures.draw(level);
    const features = new GeoJSON().readFeatures(level.features);
    this.building = new Building(features);
    this.drawing.clear();
    this.drawing.addFeatures(features);
    const [minX, minY, maxX, maxY] = level.bounds;
    const extent = [minX - MARGIN, minY - MARGIN, maxX + MARGIN, maxY + MARGIN];
    this.map.setView(
      new View({
        projection: this.projection,
        extent,
        showFullExtent: true,
        constrainOnlyCenter: true,
        center: [(minX + maxX) / 2, (minY + maxY) / 2],
        minResolution: 0.004,
        maxResolution: Math.max(maxX - minX, maxY - minY, 10) / 200,
      }),
    );
    this.fit();
    this.dressAll();
    if (this.dynamics !== null) this.show(this.dynamics);
  }

  fit(): void {
    if (this.level === null) return;
    this.map.updateSize();
    this.map.getView().fit(this.level.bounds, { padding: FIT_PADDING });
  }

  /** Take over what changed with an event; poses between events come by `move`. */
  show(dynamics: Dynamics): void {
    const before = this.dynamics;
    if (dynamics.selected === null && before?.selected != null) this.leaveRoom(false);
    this.dynamics = dynamics;
    for (const robot of Object.values(dynamics.robots)) {
      const known = this.markers[robot.id];
      if (known === undefined) {
        if (robot.pose !== null) this.place(robot.id, robot.pose);
      } else if (known.robot !== robot) {
        known.robot = robot;
        this.dress(known);
      }
    }
    for (const id of Object.keys(this.markers)) if (!(id in dynamics.robots)) this.remove(id);
    if (dynamics.selected !== before?.selected || dynamics.traffic !== before.traffic) this.dressAll();
    this.closures.show(dynamics.closures);
    this.showTraffic(dynamics);
    const { doors, lifts, words } = dynamics;
    if (doors !== before?.doors || lifts !== before.lifts || words !== before.words) this.buildingLayer.changed();
    this.animate();
  }

  private dressAll(): void {
    for (const marker of Object.values(this.markers)) this.dress(marker);
    this.placeNames();
  }

  /** Bring a robot to the middle of what its details leave free of the picture. */
  reveal(robot: string): void {
    const marker = this.markers[robot];
    if (marker === undefined || marker.level !== this.level?.id) return;
    const { x, y } = marker.glide.at(performance.now());
    this.leaveRoom(true);
    this.map.getView().animate({ center: [x, y], duration: 300 });
  }

  /** On a wide map a robot's details stand at its left, otherwise below it. */
  private leaveRoom(details: boolean): void {
    const [width = 0] = this.map.getSize() ?? [];
    this.map.getView().padding = [0, 0, 0, details && width > WIDE_FROM ? DETAILS_PX : 0];
  }

  move(poses: readonly MovingPose[]): void {
    for (const pose of poses) this.place(pose.robot, pose);
    this.animate();
  }

  private place(id: string, pose: { level: string; x: number; y: number; yaw: number }): void {
    const now = performance.now();
    const known = this.markers[id];
    if (known?.level === pose.level) {
      known.glide.toward(pose, now);
      return;
    }
    const robot = this.dynamics?.robots[id];
    if (robot === undefined) return;
    if (known !== undefined) this.remove(id);
    const feature = new Feature(new Point([pose.x, pose.y]));
    feature.set('robot', id);
    const marker: Marker = { feature, glide: new Glide(pose, now), robot, level: pose.level, style: [], side: null };
    this.markers[id] = marker;
    this.namedAt = 0;
    this.dress(marker);
  }

  private remove(id: string): void {
    const marker = this.markers[id];
    if (marker === undefined) return;
    if (this.robots.hasFeature(marker.feature)) this.robots.removeFeature(marker.feature);
    Reflect.deleteProperty(this.markers, id);
  }

  /** One animation as long as anything glides; nothing runs while all stand. */
  private animate(): void {
    cancelAnimationFrame(this.frame);
    const now = performance.now();
    let moving = false;
    for (const marker of Object.values(this.markers)) {
      if (marker.level !== this.level?.id) continue;
      const { x, y, yaw } = marker.glide.at(now);
      marker.feature.getGeometry()?.setCoordinates([x, y]);
      marker.style[1]?.getImage()?.setRotation(Math.PI / 2 - yaw);
      moving ||= marker.glide.moves(now);
    }
    this.traffic.follow((id) => {
      const spot = this.markers[id]?.glide.at(now);
      return spot && [spot.x, spot.y];
    });
    if (now - this.namedAt > NAMES_AGAIN_MS) this.placeNames();
    if (moving) this.frame = requestAnimationFrame(() => this.animate());
  }

  /** After the view changed: markers fit the size of the map, and names are free of each other again. */
  private resize(): void {
    const small = (this.map.getView().getResolution() ?? 0) > SMALL_ABOVE;
    if (small !== this.small) {
      this.small = small;
      this.dressAll();
    } else this.placeNames();
  }

  /** Put each name where it can be read: the chosen robot's first, then those of robots that are at work. */
  private placeNames(): void {
    const now = (this.namedAt = performance.now());
    const selected = this.dynamics?.selected;
    const rank = ({ robot }: Marker) => (robot.id === selected ? 0 : robot.status === 'working' ? 1 : 2);
    const here = Object.values(this.markers)
      .filter((marker) => marker.level === this.level?.id && this.nameOf(marker.robot) !== '')
      .sort((a, b) => rank(a) - rank(b) || a.robot.id.localeCompare(b.robot.id, undefined, { numeric: true }));
    const resolution = this.map.getView().getResolution() ?? 1;
    const named = here.map(({ robot, glide }) => {
      const { x, y } = glide.at(now);
      return { x: x / resolution, y: -y / resolution, radius: this.radiusOf(robot), width: widthOf(this.nameOf(robot), NAME_FONT) };
    });
    const sides = sidesOf(
      named,
      here.map(({ side }) => side),
    );
    here.forEach((marker, index) => {
      const side = sides[index] ?? (marker.robot.id === selected ? 'below' : null);
      const size = named[index];
      if (side === marker.side || size === undefined) return;
      marker.side = side;
      this.dress(marker);
    });
  }

  private nameOf(robot: RobotView): string {
    const chosen = robot.id === this.dynamics?.selected;
    if (!chosen && resting(robot)) return '';
    const low = robot.state_of_charge !== null && robot.state_of_charge < LOW_CHARGE;
    const charge = chosen || low ? chargeText(robot) : null;
    return charge === null ? robot.id : `${robot.id} · ${charge}`;
  }

  private radiusOf(robot: RobotView): number {
    const chosen = robot.id === this.dynamics?.selected ? 2 : 0;
    return (resting(robot) ? 6 : this.small ? 9 : 12) + chosen;
  }

  private dress(marker: Marker): void {
    const here = marker.level === this.level?.id;
    const drawn = this.robots.hasFeature(marker.feature);
    if (here && !drawn) this.robots.addFeature(marker.feature);
    if (!here && drawn) this.robots.removeFeature(marker.feature);
    const { robot } = marker;
    const chosen = robot.id === this.dynamics?.selected;
    const name = this.nameOf(robot);
    const radius = this.radiusOf(robot);
    const { x, y, yaw } = marker.glide.at(performance.now());
    marker.feature.getGeometry()?.setCoordinates([x, y]);
    const edge = chosen ? this.colours.text : (this.ringOf(robot) ?? this.colours.halo);
    const white = new Fill({ color: '#ffffff' });
    const heading = new RegularShape({
      points: 3,
      radius: radius * 0.58,
      declutterMode: 'obstacle',
      rotation: Math.PI / 2 - yaw,
      rotateWithView: true,
      fill: white,
    });
    const person = new Circle({ radius: radius / 3, declutterMode: 'obstacle', fill: white });
    marker.style = [
      new Style({
        image: new Circle({
          radius,
          declutterMode: 'obstacle',
          fill: new Fill({ color: robotColour(robot) }),
          stroke: new Stroke({ color: edge, width: chosen || edge !== this.colours.halo ? 3 : 2 }),
        }),
        zIndex: chosen ? 2 : 1,
      }),
      new Style({ image: robot.kind === 'person' ? person : heading, zIndex: chosen ? 4 : 3 }),
    ];
    if (name !== '' && marker.side !== null) {
      const text = label(this.colours, name, { declutterMode: 'obstacle' });
      const [offsetX, offsetY] = nameOffset({ radius, width: widthOf(name, NAME_FONT) }, marker.side);
      text.setOffsetX(offsetX);
      text.setOffsetY(offsetY);
      marker.style.push(new Style({ text, zIndex: chosen ? 6 : 5 }));
    }
    if (robot.waiting_for !== null) marker.style.push(this.badge(robot, radius, chosen));
    marker.feature.setStyle(marker.style);
  }

  /** With all routes on the map, a ring in the colour of the robot's own. */
  private ringOf(robot: RobotView): string | null {
    if (this.dynamics?.traffic !== true || robot.route.length === 0 || robot.kind === 'person') return null;
    return routeColour(this.colours, Object.keys(this.dynamics.robots).indexOf(robot.id));
  }

  /** A sign at the robot's upper right that it waits: `!` for a person, `…` for anything else. */
  private badge(robot: RobotView, radius: number, chosen: boolean): Style {
    const person = waitsForPerson(robot);
    const [x, y] = [radius * 0.85, radius * 0.85];
    return new Style({
      image: new Circle({
        radius: 7.5,
        displacement: [x, y],
        declutterMode: 'obstacle',
        fill: new Fill({ color: person ? this.colours.needsPerson : this.colours.waits }),
        stroke: new Stroke({ color: this.colours.halo, width: 1.5 }),
      }),
      text: new Text({
        text: person ? '!' : '…',
        font: BADGE_FONT,
        offsetX: x,
        offsetY: person ? -y + 1 : -y - 2,
        declutterMode: 'obstacle',
        fill: new Fill({ color: person ? '#ffffff' : this.colours.halo }),
      }),
      zIndex: chosen ? 8 : 7,
    });
  }

  private showTraffic({ robots, selected, traffic }: Dynamics): void {
    const level = this.level?.id;
    if (level === undefined) return;
    this.traffic.show({ robots, selected, all: traffic }, level, this.spots, (id) => this.markers[id]?.level === level);
  }

  private buildingStyle(feature: Feature, resolution: number): Style | Style[] | undefined {
    if (this.level === null || this.dynamics === null) return undefined;
    const { doors, lifts, words } = this.dynamics;
    return this.building.style(feature, resolution, { colours: this.colours, level: this.level.id, doors, lifts, words });
  }
}

/** A person without a task is of no interest on the map. */
function resting(robot: RobotView): boolean {
  return robot.kind === 'person' && robot.task === null;
}
