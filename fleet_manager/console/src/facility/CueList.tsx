import { Badge, Button, Group, Loader, Paper, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { recheckCue } from '../api/client';
import type { CueView, RecheckResult } from '../api/types';
import { clock } from '../i18n/time';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useNow } from '../stream/context';

const RESULTS: readonly RecheckResult[] = ['not_confirmed', 'confirmed', 'gone'];
const CLOSED_SHOWN = 20;

/** What robots observed and a person looks at again: a cue, no diagnosis. */
export function CueList({ cues }: { cues: CueView[] | undefined }) {
  const { t } = useTranslation();
  if (cues === undefined) return <Loader m="md" />;
  const open = cues.filter((cue) => cue.state === 'open');
  const closed = cues.filter((cue) => cue.state !== 'open').slice(0, CLOSED_SHOWN);
  return (
    <Stack p="md" maw={720}>
      <Text size="sm">{t('cue.text')}</Text>
      {open.length === 0 && <Empty title={t('cue.none')}>{t('cue.noneText')}</Empty>}
      {open.map((cue) => (
        <CueCard key={cue.id} cue={cue} />
      ))}
      {closed.length > 0 && <Text fw={600}>{t('cue.closed')}</Text>}
      {closed.map((cue) => (
        <ClosedCue key={cue.id} cue={cue} />
      ))}
    </Stack>
  );
}

function useWords(cue: CueView): string {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  const now = useNow(30_000);
  const where = { place: placeName(cue.place), time: clock(i18n.language, cue.opened_at, now) };
  return cue.kind === 'temperature'
    ? t('cue.temperature', { ...where, value: cue.value.toFixed(1), distance: cue.distance.toFixed(1) })
    : t('cue.mask', { ...where, distance: cue.distance.toFixed(1) });
}

function CueCard({ cue }: { cue: CueView }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [note, setNote] = useState('');
  const words = useWords(cue);
  const close = useMutation({
    mutationFn: (result: RecheckResult) => recheckCue(cue.id, { result, note: note.trim() }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['cues'] }),
  });
  return (
    <Paper withBorder p="md" data-testid={`cue-${cue.id}`}>
      <Stack gap="xs">
        <Text fw={600}>{words}</Text>
        <Textarea
          label={t('cue.note')}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          maxLength={1000}
          autosize
        />
        <ErrorNote error={close.error} />
        <Group gap="xs">
          {RESULTS.map((result) => (
            <Button
              key={result}
              variant={result === 'confirmed' ? 'filled' : 'default'}
              onClick={() => close.mutate(result)}
              loading={close.isPending && close.variables === result}
              data-testid={`recheck-${result}`}
            >
              {t(`cue.${result}`)}
            </Button>
          ))}
        </Group>
      </Stack>
    </Paper>
  );
}

function ClosedCue({ cue }: { cue: CueView }) {
  const { t } = useTranslation();
  const words = useWords(cue);
  return (
    <Paper withBorder p="sm" data-testid={`closed-${cue.id}`}>
      <Group justify="space-between">
        <Text size="sm">{words}</Text>
        {cue.result !== null && <Badge variant="light">{t(`cue.${cue.result as RecheckResult}`)}</Badge>}
      </Group>
      <Text size="sm" c="dimmed">
        {t('cue.by', { who: cue.rechecked_by })}
        {cue.note !== '' && ` · ${cue.note}`}
      </Text>
    </Paper>
  );
}
