import 'ol/ol.css';
import { getCenter, getTopRight } from 'ol/extent';
import Feature, { type FeatureLike } from 'ol/Feature';
import GeoJSON from 'ol/format/GeoJSON';
import LineString from 'ol/geom/LineString';
import Point from 'ol/geom/Point';
import VectorLayer from 'ol/layer/Vector';
import Map from 'ol/Map';
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
import type { DoorView, LevelView, LiftView, MovingPose, RobotView } from '../api/types';
import { robotColour } from '../robots/colours';
import { chargeText } from '../robots/state';
import type { MapColours } from './colours';
import { Glide } from './glide';

const FONT = '600 12px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const LABELS = 'labels';
const MARGIN = 2;
const GRASP_PX = 14;
/** Metres a pixel; places' names are left out when the map is smaller than this. */
const NAMES_BELOW = 0.2;

export interface Dynamics {
  readonly robots: Readonly<Record<string, RobotView>>;
  readonly doors: Readonly<Record<string, DoorView>>;
  readonly lifts: Readonly<Record<string, LiftView>>;
  readonly selected: string | null;
  readonly liftLabel: (lift: LiftView | undefined, id: string, level: string) => string;
}

interface Marker {
  readonly feature: Feature<Point>;
  readonly glide: Glide;
  robot: RobotView;
  level: string;
  style: Style[];
}

/** The drawing of one level and of what moves on it. All coordinates are metres of the site frame. */
export class MapScene {
  private readonly projection: Projection;
  private readonly map: Map;
  private readonly building = new VectorSource();
  private readonly routes = new VectorSource<Feature<LineString>>();
  private readonly robots = new VectorSource<Feature<Point>>();
  private readonly buildingLayer: VectorLayer;
  private readonly markers: Record<string, Marker> = {};
  private level: LevelView | null = null;
  private dynamics: Dynamics | null = null;
  private frame = 0;

  constructor(
    target: HTMLElement,
    private colours: MapColours,
    onRobot: (robot: string | null) => void,
  ) {
    this.projection = new Projection({ code: 'site', units: 'm' });
    this.buildingLayer = new VectorLayer({
      source: this.building,
      style: (feature, resolution) => this.buildingStyle(feature, resolution),
      declutter: LABELS,
    });
    this.map = new Map({
      target,
      controls: defaultControls({ rotate: false, attribution: false }).extend([new ScaleLine()]),
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false, onFocusOnly: false }),
      layers: [
        this.buildingLayer,
        new VectorLayer({ source: this.routes }),
        new VectorLayer({ source: this.robots, declutter: LABELS }),
      ],
    });
    this.map.on('click', ({ pixel }) => {
      const found = this.map.forEachFeatureAtPixel(pixel, (feature) => feature.get('robot') as string | undefined, {
        hitTolerance: GRASP_PX,
      });
      onRobot(found ?? null);
    });
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
    if (this.dynamics !== null) this.show(this.dynamics);
  }

  draw(level: LevelView): void {
    this.level = level;
    this.building.clear();
    this.building.addFeatures(new GeoJSON().readFeatures(level.features));
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
    if (this.dynamics !== null) this.show(this.dynamics);
  }

  fit(): void {
    if (this.level === null) return;
    this.map.updateSize();
    this.map.getView().fit(this.level.bounds, { padding: [24, 24, 24, 24] });
  }

  /** Take over what changed with an event; poses between events come by `move`. */
  show(dynamics: Dynamics): void {
    this.dynamics = dynamics;
    for (const robot of Object.values(dynamics.robots)) {
      const known = this.markers[robot.id];
      if (known !== undefined) known.robot = robot;
      else if (robot.pose !== null) this.place(robot.id, robot.pose);
    }
    for (const [id, marker] of Object.entries(this.markers)) {
      if (id in dynamics.robots) this.dress(marker);
      else this.remove(id);
    }
    this.drawRoute();
    this.buildingLayer.changed();
    this.animate();
  }

  /** Bring a robot to the middle of the picture. */
  reveal(robot: string): void {
    const marker = this.markers[robot];
    if (marker === undefined || marker.level !== this.level?.id) return;
    const { x, y } = marker.glide.at(performance.now());
    this.map.getView().animate({ center: [x, y], duration: 300 });
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
    const marker: Marker = { feature, glide: new Glide(pose, now), robot, level: pose.level, style: [] };
    this.markers[id] = marker;
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
    if (moving) this.frame = requestAnimationFrame(() => this.animate());
  }

  private dress(marker: Marker): void {
    const here = marker.level === this.level?.id;
    const drawn = this.robots.hasFeature(marker.feature);
    if (here && !drawn) this.robots.addFeature(marker.feature);
    if (!here && drawn) this.robots.removeFeature(marker.feature);
    const { robot } = marker;
    const chosen = robot.id === this.dynamics?.selected;
    const name = [robot.id, chargeText(robot)].filter((part) => part !== null).join(' · ');
    const { x, y, yaw } = marker.glide.at(performance.now());
    marker.feature.getGeometry()?.setCoordinates([x, y]);
    const edge = chosen ? this.colours.text : this.colours.halo;
    const heading = new RegularShape({
      points: 3,
      radius: 7,
      declutterMode: 'obstacle',
      rotation: Math.PI / 2 - yaw,
      rotateWithView: true,
      fill: new Fill({ color: '#ffffff' }),
    });
    const person = new Circle({ radius: 4, declutterMode: 'obstacle', fill: new Fill({ color: '#ffffff' }) });
    marker.style = [
      new Style({
        image: new Circle({
          radius: chosen ? 14 : 12,
          declutterMode: 'obstacle',
          fill: new Fill({ color: robotColour(robot) }),
          stroke: new Stroke({ color: edge, width: chosen ? 3 : 2 }),
        }),
        zIndex: chosen ? 2 : 1,
      }),
      new Style({ image: robot.kind === 'person' ? person : heading, zIndex: chosen ? 4 : 3 }),
      new Style({ text: this.label(name, 24, 'obstacle'), zIndex: chosen ? 6 : 5 }),
    ];
    marker.feature.setStyle(marker.style);
  }

  /** The allocated part thick, the claimed part dashed, as far as it lies on this level. */
  private drawRoute(): void {
    this.routes.clear();
    const robot = this.dynamics?.robots[this.dynamics.selected ?? ''];
    const nodes = robot?.route ?? [];
    nodes.slice(1).forEach((node, index) => {
      const before = nodes[index];
      if (before === undefined || node.level !== this.level?.id || before.level !== node.level) return;
      const part = new Feature(new LineString([[before.x, before.y], [node.x, node.y]]));
      const stroke = node.allocated
        ? new Stroke({ color: this.colours.route, width: 6 })
        : new Stroke({ color: this.colours.route, width: 3, lineDash: [4, 8] });
      part.setStyle(new Style({ stroke }));
      this.routes.addFeature(part);
    });
  }

  private buildingStyle(feature: FeatureLike, resolution: number): Style | Style[] | undefined {
    const colours = this.colours;
    const id = String(feature.get('id'));
    switch (feature.get('feature')) {
      case 'floor':
        return new Style({ fill: new Fill({ color: colours.floor }), zIndex: 0 });
      case 'zone': {
        const colour = colours.zones[String(feature.get('zone_class'))];
        return colour === undefined ? undefined : new Style({ fill: new Fill({ color: colour }), zIndex: 1 });
      }
      case 'lane':
        return new Style({ stroke: new Stroke({ color: colours.lane, width: 1.5 }), zIndex: 2 });
      case 'wall':
        return new Style({ stroke: new Stroke({ color: colours.wall, width: 2 }), zIndex: 3 });
      case 'lift':
        return this.liftStyle(id);
      case 'door': {
        if (feature.get('automatic') === false) {
          return new Style({ stroke: new Stroke({ color: colours.place, width: 1, lineDash: [2, 4] }), zIndex: 5 });
        }
        const stroke = this.dynamics?.doors[id]?.open
          ? new Stroke({ color: colours.doorOpen, width: 4, lineDash: [2, 7] })
          : new Stroke({ color: colours.doorClosed, width: 5 });
        return new Style({ stroke, zIndex: 5 });
      }
      case 'charger':
        return new Style({
          image: new RegularShape({ points: 4, radius: 8, fill: new Fill({ color: colours.charger }) }),
          zIndex: 6,
        });
      case 'waypoint': {
        const name = feature.get('name') as string | null;
        if (name === null || resolution > NAMES_BELOW) return undefined;
        const image = new Circle({ radius: 3, fill: new Fill({ color: colours.place }) });
        return new Style({ image, text: this.label(name, -12), zIndex: 7 });
      }
    }
    return undefined;
  }

  /** The car, and its name above it, clear of a robot inside. */
  private liftStyle(id: string): Style[] {
    const lift = this.dynamics?.lifts[id];
    const level = this.level?.id ?? '';
    const here = lift?.level === level;
    const label = this.dynamics?.liftLabel(lift, id, level) ?? id;
    return [
      new Style({
        fill: new Fill({ color: here ? this.colours.liftHere : this.colours.lift }),
        stroke: new Stroke({ color: this.colours.wall, width: here && lift.doors_open ? 1 : 2.5 }),
        zIndex: 4,
      }),
      new Style({ geometry: topOf, text: this.label(label, -10), zIndex: 7 }),
    ];
  }

  /** An `obstacle` is always shown, and keeps other words away. */
  private label(text: string, offsetY: number, declutterMode: 'declutter' | 'obstacle' = 'declutter'): Text {
    return new Text({
      text,
      declutterMode,
      font: FONT,
      offsetY,
      fill: new Fill({ color: this.colours.text }),
      stroke: new Stroke({ color: this.colours.halo, width: 3 }),
    });
  }
}

/** The middle of a feature's upper edge. */
function topOf(feature: FeatureLike): Point | undefined {
  const geometry = feature.getGeometry();
  if (geometry === undefined) return undefined;
  const extent = geometry.getExtent();
  return new Point([getCenter(extent)[0] ?? 0, getTopRight(extent)[1] ?? 0]);
}
