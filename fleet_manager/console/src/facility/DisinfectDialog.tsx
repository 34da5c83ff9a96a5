import { Button, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { requestDisinfection } from '../api/client';
import type { ZoneView } from '../api/types';
import { newKey } from '../delivery/draft';
import { placeText } from '../i18n/places';
import { ErrorNote } from '../shell/ErrorNote';
import { Dialog } from '../tasks/Dialog';

/** J/m²: spores need ten times what vegetative bacteria do. */
const DOSES = { spores: 1000, bacteria: 100 } as const;

/** Orders a disinfection by UV-C light, now or at a time. */
export function DisinfectDialog({ zone, onClose }: { zone: ZoneView; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [against, setAgainst] = useState<keyof typeof DOSES>('spores');
  const [begin, setBegin] = useState('');
  const [key, setKey] = useState(newKey);
  const send = useMutation({
    mutationFn: () =>
      requestDisinfection(
        {
          kind: 'disinfection',
          zone: zone.id,
          dose: DOSES[against],
          earliest_start: begin === '' ? null : new Date(begin).toISOString(),
        },
        key,
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['zones'] });
      onClose();
    },
  });
  const change = (alter: () => void) => {
    alter();
    setKey(newKey());
  };
  return (
    <Dialog title={t('zones.disinfectTitle', { zone: placeText(t, zone.name ?? zone.id) })} onClose={onClose}>
      <Stack>
        <Text size="sm">{t('zones.disinfectText')}</Text>
        <SegmentedControl
          aria-label={t('zones.against')}
          data={[
            { value: 'spores', label: t('zones.spores') },
            { value: 'bacteria', label: t('zones.bacteria') },
          ]}
          value={against}
          onChange={(value) => change(() => setAgainst(value))}
          styles={{ label: { minHeight: 44, display: 'grid', placeContent: 'center' } }}
          data-testid="against"
        />
        <TextInput
          type="datetime-local"
          label={t('zones.begin')}
          description={t('zones.beginText')}
          value={begin}
          onChange={(event) => {
            const { value } = event.currentTarget;
            change(() => setBegin(value));
          }}
        />
        <ErrorNote error={send.error} />
        <Button onClick={() => send.mutate()} loading={send.isPending} data-testid="disinfect-confirm">
          {t('zones.order')}
        </Button>
      </Stack>
    </Dialog>
  );
}
