import { SegmentedControl, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { getZones } from '../api/client';
import type { LevelView, RequestedArea } from '../api/types';
import { placeText } from '../i18n/places';
import { useSite } from '../shell/site';

export type DrawnArea = RequestedArea;

type Point = [number, number];

const LEAST_M = 0.5;

/** A level on which a rectangle is dragged, or a whole zone chosen: what is to be closed. */
export function AreaMap({ onArea }: { onArea: (area: DrawnArea | null) => void }) {
  const { t } = useTranslation();
  const { levels } = useSite();
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones });
  const [levelId, setLevelId] = useState(levels[0]?.id ?? '');
  const [polygon, setPolygon] = useState<readonly Point[]>([]);
  const [start, setStart] = useState<Point | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const level = levels.find(({ id }) => id === levelId);
  if (level === undefined) return null;
  const [left, bottom, right, top] = level.bounds;

  const choose = (points: readonly Point[], of: string) => {
    setPolygon(points);
    onArea(points.length < 3 ? null : { level: of, polygon: points.map(([x, y]): Point => [x, y]) });
  };
  const pointOf = (event: PointerEvent): Point => {
    const matrix = svg.current?.getScreenCTM()?.inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [x, -y];
  };
  const drag = (event: PointerEvent) => {
    if (start === null) return;
    const [x, y] = pointOf(event);
    const big = Math.abs(x - start[0]) > LEAST_M && Math.abs(y - start[1]) > LEAST_M;
    choose(big ? [start, [x, start[1]], [x, y], [start[0], y]] : [], levelId);
  };
  const named = (zones.data ?? []).filter((zone) => zone.level === levelId && zone.polygon.length >= 3);
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label={t('map.level')}
        data={levels.map(({ id }) => id)}
        value={levelId}
        onChange={(id) => {
          setLevelId(id);
          choose([], id);
        }}
        styles={{ label: { minHeight: 44, minWidth: 44, display: 'grid', placeContent: 'center' } }}
      />
      <Select
        label={t('closure.zone')}
        data={named.map(({ id, name }) => ({ value: id, label: placeText(t, name ?? id) }))}
        searchable
        clearable
        limit={100}
        onChange={(id) => choose(named.find((zone) => zone.id === id)?.polygon ?? [], levelId)}
        data-testid="closure-zone"
      />
      <svg
        ref={svg}
        viewBox={`${left} ${-top} ${right - left} ${top - bottom}`}
        className="area-map"
        role="img"
        aria-label={t('map.label', { level: levelId })}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setStart(pointOf(event));
          choose([], levelId);
        }}
        onPointerMove={drag}
        onPointerUp={() => setStart(null)}
        data-testid="area-map"
      >
        <Drawing level={level} />
        {polygon.length > 0 && (
          <polygon points={text(polygon)} fill="#e03131" fillOpacity="0.35" stroke="#e03131" strokeWidth="0.3" data-testid="drawn-area" />
        )}
      </svg>
    </Stack>
  );
}

const text = (points: readonly Point[]): string => points.map(([x, y]) => `${x},${-y}`).join(' ');

interface Drawn {
  readonly properties: { readonly feature: string };
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
}

function Drawing({ level }: { level: LevelView }) {
  const features = (level.features as unknown as { features: readonly Drawn[] }).features;
  return (
    <>
      {features.map(({ properties, geometry }, index) => {
        if (properties.feature === 'floor' && geometry.type === 'Polygon') {
          return <polygon key={index} points={text((geometry.coordinates as Point[][])[0] ?? [])} className="area-floor" />;
        }
        if (properties.feature === 'wall' && geometry.type === 'LineString') {
          return <polyline key={index} points={text(geometry.coordinates as Point[])} className="area-wall" />;
        }
        return null;
      })}
    </>
  );
}
