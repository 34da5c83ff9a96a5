import Feature from 'ol/Feature';
import type { FeatureLike } from 'ol/Feature';
import LineString from 'ol/geom/LineString';
import MultiLineString from 'ol/geom/MultiLineString';
import Point from 'ol/geom/Point';
import VectorLayer from 'ol/layer/Vector';
import VectorSource from 'ol/source/Vector';
import Fill from 'ol/style/Fill';
import RegularShape from 'ol/style/RegularShape';
import Stroke from 'ol/style/Stroke';
import Style from 'ol/style/Style';
import type { RobotView } from '../api/types';
import type { Spot } from '../traffic/resource';
import { piecesOf } from '../traffic/route';
import { waitLines, type WaitLine } from '../traffic/waits';
import type { MapColours } from './colours';

/** Metres: a line to something nearer would only hide the robot. */
const NEAREST = 0.8;
const DASH = 4;
const DASHES = 12;

/** What of the traffic is shown: all robots' routes and waits, or those of the chosen one. */
export interface TrafficShown {
  readonly robots: Readonly<Record<string, RobotView>>;
  readonly selected: string | null;
  readonly all: boolean;
}

interface DrawnRoute {
  readonly key: readonly unknown[];
  readonly features: Feature[];
}

/** The routes of robots and the lines between those that wait and what they wait for. */
export class TrafficDrawing {
  private readonly routes = new VectorSource();
  private readonly waits = new VectorSource<Feature<LineString>>();
  private readonly drawn = new Map<string, DrawnRoute>();
  private lines: { readonly line: WaitLine; readonly geometry: LineString }[] = [];
  private colours: MapColours;
  readonly layers: readonly [VectorLayer, VectorLayer];

  constructor(colours: MapColours) {
    this.colours = colours;
    this.layers = [
      new VectorLayer({ source: this.routes }),
      new VectorLayer({ source: this.waits, style: (feature) => waitStyle(feature, this.colours) }),
    ];
  }

  paint(colours: MapColours): void {
    this.colours = colours;
  }

  /** Draw what changed; `isHere` tells which robots are on this level. */
  show(shown: TrafficShown, level: string, spots: ReadonlyMap<string, Spot>, isHere: (robot: string) => boolean): void {
    const { robots, selected, all } = shown;
    for (const id of this.drawn.keys()) if (!(id in robots)) this.erase(id);
    Object.values(robots).forEach((robot, index) => {
      const chosen = robot.id === selected;
      if (chosen || (all && robot.kind !== 'person')) this.drawRoute(robot, index, chosen, level);
      else this.erase(robot.id);
    });
    this.waits.clear();
    this.lines = waitLines(robots, isHere, spots)
      .filter(({ from, to }) => all || from === selected || to === selected)
      .map((line) => ({ line, geometry: new LineString([]) }));
    this.waits.addFeatures(this.lines.map(({ geometry }) => new Feature(geometry)));
  }

  /** Bring the lines to where the robots are now. */
  follow(spotOf: (robot: string) => Spot | undefined): void {
    for (const { line, geometry } of this.lines) {
      const from = spotOf(line.from);
      const to = typeof line.to === 'string' ? spotOf(line.to) : line.to;
      const near = from === undefined || to === undefined || Math.hypot(to[0] - from[0], to[1] - from[1]) < NEAREST;
      geometry.setCoordinates(near ? [] : [[...from], [...to]]);
    }
  }

  private drawRoute(robot: RobotView, index: number, chosen: boolean, level: string): void {
    const colour = routeColour(this.colours, index);
    const key = [robot.route, level, chosen, colour];
    const known = this.drawn.get(robot.id);
    if (known?.key.every((part, at) => part === key[at])) return;
    this.erase(robot.id);
    const { allocated, claimed } = piecesOf(robot.route, level);
    const features = [
      routeFeature(claimed, new Stroke({ color: colour, width: chosen ? 3.5 : 2, lineDash: [DASH, DASHES - DASH], lineDashOffset: index * DASH })),
      routeFeature(allocated, new Stroke({ color: colour, width: chosen ? 7 : 4, lineCap: 'butt' })),
    ];
    this.drawn.set(robot.id, { key, features });
    this.routes.addFeatures(features);
  }

  private erase(robot: string): void {
    const known = this.drawn.get(robot);
    if (known === undefined) return;
    this.routes.removeFeatures(known.features);
    this.drawn.delete(robot);
  }
}

/** The colour of the robot with this number in the list of all. */
export function routeColour(colours: MapColours, index: number): string {
  return colours.routes[index % colours.routes.length] ?? colours.route;
}

function routeFeature(lines: readonly (readonly Spot[])[], stroke: Stroke): Feature {
  const feature = new Feature(new MultiLineString(lines.map((line) => line.map(([x, y]) => [x, y]))));
  feature.setStyle(new Style({ stroke }));
  return feature;
}

/** A dotted line with an arrow head in its middle, longer than it is wide so that it points one way only. */
function waitStyle(feature: FeatureLike, colours: MapColours): Style[] {
  const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = (feature.getGeometry() as LineString).getCoordinates();
  const head = new RegularShape({
    points: 3,
    radius: 8,
    scale: [0.8, 1.5],
    rotation: Math.atan2(x2 - x1, y2 - y1),
    rotateWithView: true,
    fill: new Fill({ color: colours.waits }),
    stroke: new Stroke({ color: colours.halo, width: 1.5 }),
  });
  return [
    new Style({ stroke: new Stroke({ color: colours.halo, width: 5 }) }),
    new Style({ stroke: new Stroke({ color: colours.waits, width: 2, lineDash: [2, 5] }) }),
    new Style({ geometry: new Point([(x1 + x2) / 2, (y1 + y2) / 2]), image: head }),
  ];
}
