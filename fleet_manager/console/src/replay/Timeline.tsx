import { ActionIcon, Group, SegmentedControl, Text } from '@mantine/core';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Happening } from '../api/types';
import { clockSeconds } from '../i18n/time';
import { Icon } from '../shell/icons';
import { markOf } from './words';

export const SPEEDS = ['1', '10', '60'] as const;
export type Speed = (typeof SPEEDS)[number];

interface Props {
  begin: number;
  end: number;
  at: number;
  onAt: (moment: number) => void;
  playing: boolean;
  onPlaying: (playing: boolean) => void;
  speed: Speed;
  onSpeed: (speed: Speed) => void;
  happenings: readonly Happening[];
}

/** Play, pause, how fast, and the time itself, with marks where alerts were raised and tasks ended. */
export function Timeline({ begin, end, at, onAt, playing, onPlaying, speed, onSpeed, happenings }: Props) {
  const { t, i18n } = useTranslation();
  return (
    <div className="replay-bar">
      <Group gap="xs" wrap="nowrap">
        <ActionIcon
          variant="filled"
          onClick={() => onPlaying(!playing)}
          aria-label={t(playing ? 'replay.pause' : 'replay.play')}
          data-testid="replay-play"
        >
          <Icon shape={playing ? 'pause' : 'play'} />
        </ActionIcon>
        <SegmentedControl
          aria-label={t('replay.speed')}
          data={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          value={speed}
          onChange={(value) => onSpeed(value)}
          styles={{ label: { minWidth: 44, minHeight: 44, display: 'grid', placeContent: 'center' } }}
          data-testid="replay-speed"
        />
        <Text fw={700} size="lg" className="replay-clock" data-testid="replay-clock">
          {clockSeconds(i18n.language, at)}
        </Text>
      </Group>
      <div className="replay-line">
        <Marks begin={begin} end={end} happenings={happenings} />
        <input
          type="range"
          className="replay-slider"
          min={0}
          max={Math.round((end - begin) / 1000)}
          step={1}
          value={Math.round((at - begin) / 1000)}
          onChange={(event) => onAt(begin + Number(event.currentTarget.value) * 1000)}
          aria-label={t('replay.moment')}
          aria-valuetext={clockSeconds(i18n.language, at)}
          data-testid="replay-slider"
        />
        <Group justify="space-between" gap="xs">
          <Text size="xs">{clockSeconds(i18n.language, begin)}</Text>
          <Text size="xs" c="dimmed" className="replay-key">
            <i className="replay-mark" data-mark="alert" /> {t('replay.markAlert')}
            <i className="replay-mark" data-mark="done" /> {t('replay.markDone')}
            <i className="replay-mark" data-mark="undone" /> {t('replay.markUndone')}
          </Text>
          <Text size="xs">{clockSeconds(i18n.language, end)}</Text>
        </Group>
      </div>
    </div>
  );
}

/** What the marks stand for is told in words by the list of what happened. */
const Marks = memo(function Marks({ begin, end, happenings }: Pick<Props, 'begin' | 'end' | 'happenings'>) {
  return (
    <div className="replay-marks" aria-hidden data-testid="replay-marks">
      {happenings.map((one) => {
        const mark = markOf(one);
        if (mark === null) return null;
        const share = (Date.parse(one.time) - begin) / (end - begin);
        return <i key={one.seq} className="replay-mark" data-mark={mark} style={{ left: `${share * 100}%` }} />;
      })}
    </div>
  );
});
