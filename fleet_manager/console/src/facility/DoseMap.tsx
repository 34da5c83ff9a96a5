import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { CertificateView } from '../api/types';

const CELL = 0.25;
const MARGIN = 0.3;

type Point = readonly [number, number];

/** From nothing (blue) over half of the dose (yellow) to all of it (green), readable without colour by the grid's edge. */
function colour(dose: number | null, asked: number): string {
  if (dose === null) return 'url(#shadow)';
  const share = Math.min(1, dose / asked);
  return `hsl(${Math.round(220 - 85 * share)} 70% ${Math.round(80 - 35 * share)}%)`;
}

const path = (points: readonly Point[]): string => points.map(([x, y]) => `${x},${-y}`).join(' ');

/** The room from above with the dose on its floor, the furniture, and the way of the lamp. */
export function DoseMap({ proof }: { proof: CertificateView }) {
  const { t } = useTranslation();
  const xs = proof.outline.map(([x]) => x);
  const ys = proof.outline.map(([, y]) => -y);
  const left = Math.min(...xs) - MARGIN;
  const top = Math.min(...ys) - MARGIN;
  const width = Math.max(...xs) - left + MARGIN;
  const height = Math.max(...ys) - top + MARGIN;
  const text = t('certificate.map', { covered: Math.round(proof.covered_share * 100) });
  return (
    <div>
      <svg viewBox={`${left} ${top} ${width} ${height}`} className="dose-map" role="img" aria-label={text} data-testid="dose-map">
        <defs>
          <pattern id="shadow" width="0.2" height="0.2" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="0.2" height="0.2" fill="#d9d9d9" />
            <line x1="0" y1="0" x2="0" y2="0.2" stroke="#8c8c8c" strokeWidth="0.08" />
          </pattern>
        </defs>
        {proof.dose_map.map(([x, y, dose]) => (
          <rect
            key={`${x} ${y}`}
            x={x - CELL / 2}
            y={-y - CELL / 2}
            width={CELL}
            height={CELL}
            fill={colour(dose, proof.asked)}
          />
        ))}
        <polygon points={path(proof.outline)} fill="none" stroke="currentColor" strokeWidth="0.06" />
        {proof.furniture.map((piece, index) => (
          <polygon key={index} points={path(piece)} fill="#5c6770" fillOpacity="0.85" />
        ))}
        <polyline points={path(proof.way)} fill="none" stroke="#c2255c" strokeWidth="0.05" />
        {proof.way.map(([x, y], index) => (
          <circle key={index} cx={x} cy={-y} r="0.07" fill="#c2255c" />
        ))}
      </svg>
      <Group gap="md">
        {(['none', 'half', 'full', 'shadow'] as const).map((level) => (
          <Group gap={6} key={level} wrap="nowrap">
            <svg width="18" height="12" aria-hidden="true">
              <rect width="18" height="12" fill={level === 'shadow' ? '#b0b0b0' : colour({ none: 0, half: 0.5, full: 1 }[level], 1)} />
            </svg>
            <Text size="xs">{t(`certificate.legend_${level}`)}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
