import Feature from 'ol/Feature';
import LineString from 'ol/geom/LineString';
import Polygon from 'ol/geom/Polygon';
import VectorLayer from 'ol/layer/Vector';
import VectorSource from 'ol/source/Vector';
import Fill from 'ol/style/Fill';
import Stroke from 'ol/style/Stroke';
import Style from 'ol/style/Style';
import type { ClosureView, LevelView } from '../api/types';
import type { MapColours } from './colours';

type Line = readonly (readonly number[])[];

interface LaneFeature {
  readonly geometry: { readonly coordinates: Line };
  readonly properties: { readonly feature: string; readonly id: string };
}

/** What is closed to robots on a level: areas, and the lanes in them or closed by themselves. */
export class ClosureDrawing {
  private readonly source = new VectorSource();
  private lanes: ReadonlyMap<string, Line> = new Map();
  private level = '';
  private drawn: readonly ClosureView[] | null = null;
  readonly layer: VectorLayer;

  constructor(private colours: MapColours) {
    this.layer = new VectorLayer({ source: this.source, style: () => this.style() });
  }

  paint(colours: MapColours): void {
    this.colours = colours;
    this.layer.changed();
  }

  draw(level: LevelView): void {
    const features = level.features['features'] as LaneFeature[];
    const lanes = features.filter(({ properties }) => properties.feature === 'lane');
    this.lanes = new Map(lanes.map(({ geometry, properties }) => [properties.id, geometry.coordinates]));
    this.level = level.id;
    this.drawn = null;
  }

  show(closures: readonly ClosureView[]): void {
    if (closures === this.drawn) return;
    this.drawn = closures;
    this.source.clear();
    for (const { area, lanes } of closures) {
      if (area?.level === this.level) this.source.addFeature(new Feature(new Polygon([[...area.polygon, area.polygon[0] ?? [0, 0]]])));
      for (const lane of lanes) {
        const line = this.lanes.get(lane);
        if (line !== undefined) this.source.addFeature(new Feature(new LineString(line.map((point) => [...point]))));
      }
    }
  }

  private style(): Style {
    return new Style({
      fill: new Fill({ color: this.colours.closedGround }),
      stroke: new Stroke({ color: this.colours.closed, width: 2, lineDash: [6, 6] }),
    });
  }
}
