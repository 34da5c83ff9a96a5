import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { localTime } from '../delivery/draft';

/** What is shown again: from a moment (ms) to another. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

const MINUTE_MS = 60_000;
const LENGTHS = ['10', '60'] as const;

interface Props {
  now: () => number;
  onSpan: (span: Span) => void;
}

/** Which part of the past: the last ten minutes, or any hour by its begin. */
export function SpanForm({ now, onSpan }: Props) {
  const { t } = useTranslation();
  const [begin, setBegin] = useState(() => localTime(new Date(now()), -60));
  const [length, setLength] = useState<string>(LENGTHS[1]);
  const from = Date.parse(begin);
  const wrong = Number.isNaN(from) || from >= now();
  return (
    <form
      className="replay-span"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong) onSpan({ begin: from, end: Math.min(from + Number(length) * MINUTE_MS, now()) });
      }}
    >
      <Button
        variant="default"
        onClick={() => onSpan({ begin: now() - 10 * MINUTE_MS, end: now() })}
        data-testid="replay-last"
      >
        {t('replay.lastTen')}
      </Button>
      <TextInput
        type="datetime-local"
        aria-label={t('replay.begin')}
        value={begin}
        onChange={(event) => setBegin(event.currentTarget.value)}
        error={wrong ? t('replay.future') : undefined}
        data-testid="replay-begin"
      />
      <SegmentedControl
        aria-label={t('replay.length')}
        data={LENGTHS.map((value) => ({ value, label: t('replay.minutes', { count: Number(value) }) }))}
        value={length}
        onChange={setLength}
        styles={{ label: { minHeight: 44, display: 'grid', placeContent: 'center' } }}
      />
      <Button type="submit" disabled={wrong} data-testid="replay-show">
        {t('replay.show')}
      </Button>
    </form>
  );
}
