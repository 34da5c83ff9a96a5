import { getCenter, getTopRight, getWidth } from 'ol/extent';
import type { FeatureLike } from 'ol/Feature';
import type Feature from 'ol/Feature';
import Point from 'ol/geom/Point';
import Polygon from 'ol/geom/Polygon';
import Circle from 'ol/style/Circle';
import Fill from 'ol/style/Fill';
import RegularShape from 'ol/style/RegularShape';
import Stroke from 'ol/style/Stroke';
import Style from 'ol/style/Style';
import Text from 'ol/style/Text';
import type { DoorView, LiftView } from '../api/types';
import type { MapColours } from './colours';

const FACE = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
export const NAME_FONT = `600 12px ${FACE}`;
const ROOM_FONT = `500 11px ${FACE}`;
const SMALL_FONT = `600 10px ${FACE}`;
const ROOMS: ReadonlySet<string> = new Set(['room', 'buffer_room']);

/** Metres a pixel: when the map is smaller than this, the thing is left out. */
const NAMES_BELOW = 0.2;
const LONG_NAMES_BELOW = 0.075;
const LANES_BELOW = 0.1;
const BAYS_BELOW = 0.045;

export interface Words {
  readonly place: (name: string) => string;
  readonly room: (name: string, brief: boolean) => string;
  readonly lift: (lift: LiftView | undefined, id: string, level: string) => string;
}

export interface Surroundings {
  readonly colours: MapColours;
  readonly level: string;
  readonly doors: Readonly<Record<string, DoorView>>;
  readonly lifts: Readonly<Record<string, LiftView>>;
  readonly words: Words;
}

/** A level's drawing: notes once what can be known before it is drawn, then styles each feature. */
export class Building {
  private readonly drawn: boolean;
  private readonly inRooms: ReadonlySet<Feature>;

  constructor(features: readonly Feature[]) {
    const rooms = features.filter(isNamedRoom);
    this.drawn = features.some((feature) => feature.get('feature') === 'floor');
    this.inRooms = new Set(features.filter((feature) => rooms.some((room) => holds(room, feature))));
  }

  style(feature: Feature, resolution: number, around: Surroundings): Style | Style[] | undefined {
    const { colours } = around;
    switch (feature.get('feature')) {
      case 'floor':
        return new Style({ fill: new Fill({ color: colours.floor }), zIndex: 0 });
      case 'zone':
        return zoneStyle(feature, resolution, around);
      case 'lane':
        if (this.drawn && resolution > LANES_BELOW) return undefined;
        return new Style({ stroke: new Stroke({ color: colours.lane, width: 1.5 }), zIndex: 2 });
      case 'wall':
        return new Style({ stroke: new Stroke({ color: colours.wall, width: resolution > 0.2 ? 1 : 1.5 }), zIndex: 3 });
      case 'lift':
        return liftStyle(feature, resolution, around);
      case 'door':
        return doorStyle(feature, around);
      case 'charger': {
        const radius = resolution > LANES_BELOW ? 4 : 7;
        const shape = new RegularShape({ points: 4, radius, fill: new Fill({ color: colours.charger }) });
        return new Style({ image: shape, zIndex: 6 });
      }
      case 'waypoint':
        return this.placeStyle(feature, resolution, around);
    }
    return undefined;
  }

  /** Bays in a room are told apart only close up; farther away the room's own name is enough. */
  private placeStyle(feature: Feature, resolution: number, { colours, words }: Surroundings): Style | undefined {
    const name = feature.get('name') as string | null;
    if (name === null || resolution > (this.inRooms.has(feature) ? BAYS_BELOW : NAMES_BELOW)) return undefined;
    const image = new Circle({ radius: 2.5, fill: new Fill({ color: colours.place }) });
    return new Style({ image, text: label(colours, words.place(name), { offsetY: -10, font: ROOM_FONT }), zIndex: 9 });
  }
}

function isNamedRoom(feature: Feature): boolean {
  return feature.get('feature') === 'zone' && ROOMS.has(String(feature.get('kind'))) && Boolean(feature.get('name'));
}

function holds(room: Feature, place: Feature): boolean {
  const point = place.getGeometry();
  return point instanceof Point && room.getGeometry()?.intersectsCoordinate(point.getCoordinates()) === true;
}

/** Rooms in the colour of their class, corridors paler: they lead through the rooms rather than being one. */
function zoneStyle(feature: Feature, resolution: number, { colours, words }: Surroundings): Style[] | undefined {
  const kind = String(feature.get('kind'));
  const colour = colours.zones[String(feature.get('zone_class'))];
  const outside = kind === 'outdoor' || kind === 'street_crossing';
  const fill = outside ? colours.outside : kind === 'corridor' && colour !== undefined ? paler(colour) : colour;
  const styles = fill === undefined ? [] : [new Style({ fill: new Fill({ color: fill }), zIndex: 1 })];
  if (isNamedRoom(feature) && resolution < NAMES_BELOW) {
    const name = String(feature.get('name'));
    const text = words.room(name, resolution > LONG_NAMES_BELOW);
    const whole = text === words.place(name);
    const room = getWidth(feature.getGeometry()?.getExtent() ?? []) / resolution;
    const font = whole ? NAME_FONT : ROOM_FONT;
    const fitting = [text, inTwoLines(text)].find((lines) => widthOf(lines, font) < room * (whole ? 2 : 1.1));
    if (fitting !== undefined) {
      styles.push(new Style({ geometry: middleOf, text: label(colours, fitting, { font }), zIndex: whole ? 7 : 8 }));
    }
  }
  return styles;
}

/** Broken at the space that is nearest to the middle. */
function inTwoLines(text: string): string {
  const spaces = [...text.matchAll(/ /g)].map(({ index }) => index);
  const middle = spaces.sort((a, b) => Math.abs(a - text.length / 2) - Math.abs(b - text.length / 2))[0];
  return middle === undefined ? text : `${text.slice(0, middle)}\n${text.slice(middle + 1)}`;
}

function paler(colour: string): string {
  return colour.replace(/[\d.]+\)$/, (alpha) => `${Number.parseFloat(alpha) * 0.4})`);
}

function doorStyle(feature: Feature, { colours, doors }: Surroundings): Style {
  if (feature.get('automatic') === false) {
    return new Style({ stroke: new Stroke({ color: colours.place, width: 1, lineDash: [2, 4] }), zIndex: 5 });
  }
  const stroke = doors[String(feature.get('id'))]?.open
    ? new Stroke({ color: colours.doorOpen, width: 4, lineDash: [2, 7] })
    : new Stroke({ color: colours.doorClosed, width: 4 });
  return new Style({ stroke, zIndex: 5 });
}

/** The car; its number in it, or close up its name and state above it, clear of a robot inside. */
function liftStyle(feature: Feature, resolution: number, { colours, level, lifts, words }: Surroundings): Style[] {
  const id = String(feature.get('id'));
  const lift = lifts[id];
  const here = lift?.level === level;
  const fill = lift?.available === false ? colours.doorClosed : here ? colours.liftHere : colours.lift;
  const styles = [
    new Style({
      fill: new Fill({ color: fill }),
      stroke: new Stroke({ color: colours.wall, width: here && lift.doors_open ? 1 : 2 }),
      zIndex: 4,
    }),
  ];
  if (resolution < LONG_NAMES_BELOW) {
    const text = label(colours, words.lift(lift, id, level), { offsetY: -10 });
    styles.push(new Style({ geometry: topOf, text, zIndex: 6 }));
  } else if (resolution < NAMES_BELOW) {
    const number = /\d+$/.exec(id)?.[0] ?? '';
    const text = new Text({ text: number, font: SMALL_FONT, fill: new Fill({ color: colours.text }) });
    styles.push(new Style({ geometry: middleOf, text, zIndex: 6 }));
  }
  return styles;
}

interface LabelOptions {
  readonly font?: string;
  readonly offsetY?: number;
  readonly declutterMode?: 'declutter' | 'obstacle';
}

/** An `obstacle` is always shown, and keeps other words away. */
export function label(colours: MapColours, text: string, options: LabelOptions = {}): Text {
  return new Text({
    text,
    font: NAME_FONT,
    declutterMode: 'declutter',
    fill: new Fill({ color: colours.text }),
    stroke: new Stroke({ color: colours.halo, width: 3 }),
    ...options,
  });
}

/** The middle of a feature's upper edge. */
function topOf(feature: FeatureLike): Point | undefined {
  const extent = feature.getGeometry()?.getExtent();
  return extent === undefined ? undefined : new Point([getCenter(extent)[0] ?? 0, getTopRight(extent)[1] ?? 0]);
}

function middleOf(feature: FeatureLike): Point | undefined {
  const geometry = feature.getGeometry();
  return geometry instanceof Polygon ? geometry.getInteriorPoint() : undefined;
}

const canvas = document.createElement('canvas').getContext('2d');
const widths: Record<string, number> = {};

/** Pixels that the longest line of a text takes. */
export function widthOf(text: string, font: string): number {
  if (canvas !== null) canvas.font = font;
  const lines = text.split('\n');
  return (widths[font + text] ??= Math.max(...lines.map((line) => canvas?.measureText(line).width ?? line.length * 7)));
}
