import { Alert, Button, Collapse, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure, useLocalStorage } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getForecast, NoAnswer, requestDelivery, sendPorter } from '../api/client';
import type { ForecastView, Priority } from '../api/types';
import { newKey } from '../delivery/draft';
import { minutes } from '../i18n/time';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName, useSite } from '../shell/site';
import { keep } from './outbox';
import { keyOf, ranked, requestOf, usualPresets, WAYS, type Preset, type Way } from './presets';

const PRIORITIES: readonly Priority[] = ['routine', 'urgent', 'stat'];
const TALL = { label: { minHeight: 48, display: 'grid', placeContent: 'center' } } as const;

/** First tap: what for. Second: which. Third: send. All else is optional. */
export function Quick({ ward }: { ward: string }) {
  const { t } = useTranslation();
  const site = useSite();
  const placeName = usePlaceName();
  const [way, setWay] = useState<Way>('fetch');
  const [chosen, setChosen] = useState<Preset | null>(null);
  const [uses, setUses] = useLocalStorage<Record<string, number>>({ key: `wardfleet.uses.${ward}`, defaultValue: {} });
  const presets = ranked(usualPresets(site.places, site.item_classes, ward).filter((preset) => preset.way === way), uses);
  const used = (preset: Preset) => setUses({ ...uses, [keyOf(preset)]: (uses[keyOf(preset)] ?? 0) + 1 });
  return (
    <Paper withBorder p="md">
      <Stack>
        <SegmentedControl
          aria-label={t('ward.ask')}
          data={WAYS.map((value) => ({ value, label: t(`ward.${value}`) }))}
          value={way}
          onChange={(value) => {
            setWay(value);
            setChosen(null);
          }}
          styles={TALL}
          fullWidth
          data-testid="ways"
        />
        {presets.length === 0 && <Text size="sm">{t('ward.noPresets')}</Text>}
        <SimpleGrid cols={{ base: 2, sm: 3 }}>
          {presets.map((preset) => (
            <Button
              key={keyOf(preset)}
              variant={chosen !== null && keyOf(chosen) === keyOf(preset) ? 'filled' : 'default'}
              mih={64}
              onClick={() => setChosen(preset)}
              aria-pressed={chosen !== null && keyOf(chosen) === keyOf(preset)}
              data-testid={`preset-${preset.way}-${preset.place}-${preset.item}`}
            >
              <span>
                {t(`goods.${preset.item}`, { defaultValue: preset.item })}
                <br />
                <small>{placeName(preset.place)}</small>
              </span>
            </Button>
          ))}
        </SimpleGrid>
        {chosen !== null && <Send key={keyOf(chosen)} preset={chosen} ward={ward} onSent={() => used(chosen)} onDone={() => setChosen(null)} />}
      </Stack>
    </Paper>
  );
}

interface SendProps {
  preset: Preset;
  ward: string;
  onSent: () => void;
  onDone: () => void;
}

function Send({ preset, ward, onSent, onDone }: SendProps) {
  const { t } = useTranslation();
  const [priority, setPriority] = useState<Priority>('routine');
  const [due, setDue] = useState('');
  const [note, setNote] = useState('');
  const [key, setKey] = useState(newKey);
  const [more, showMore] = useDisclosure();
  const body = requestOf(preset, ward, t(`goods.${preset.item}`, { defaultValue: preset.item }), priority, due, note);
  const forecast = useQuery({
    queryKey: ['forecast', body.pickup, body.dropoff, preset.itemClass],
    queryFn: () => getForecast(body),
    enabled: priority === 'stat',
    refetchInterval: 5_000,
    retry: false,
  });
  const send = useMutation({
    mutationFn: async (porter: boolean) => {
      const task = await requestDelivery(body, key);
      return porter ? await sendPorter(task.id) : task;
    },
    onSuccess: onSent,
    onError: (error, porter) => {
      if (error instanceof NoAnswer) keep({ key, body, porter });
    },
  });
  const alter = (change: () => void) => {
    change();
    setKey(newKey());
    send.reset();
  };
  if (send.data !== undefined) {
    return (
      <Alert color="teal" title={t('request.done', { id: send.data.id })} role="status" data-testid="sent-done">
        <Button variant="default" onClick={onDone}>
          {t('request.again')}
        </Button>
      </Alert>
    );
  }
  if (send.error instanceof NoAnswer) {
    return (
      <Alert color="orange" title={t('ward.kept')} role="status" data-testid="kept">
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t('ward.keptText')}</Text>
          <Button variant="default" onClick={onDone}>
            {t('app.close')}
          </Button>
        </Stack>
      </Alert>
    );
  }
  const porterIsQuicker = priority === 'stat' && forecast.data?.recommended === 'porter';
  return (
    <Stack>
      <SegmentedControl
        aria-label={t('request.priority')}
        data={PRIORITIES.map((value) => ({ value, label: t(`priority.${value}`) }))}
        value={priority}
        onChange={(value) => alter(() => setPriority(value))}
        styles={TALL}
        fullWidth
        data-testid="quick-priority"
      />
      {priority === 'stat' && forecast.data !== undefined && <Compared forecast={forecast.data} />}
      <ErrorNote error={send.error} />
      <Group grow>
        <Button
          mih={56}
          variant={porterIsQuicker ? 'default' : 'filled'}
          onClick={() => send.mutate(false)}
          loading={send.isPending && !send.variables}
          data-testid="quick-send"
        >
          {t(priority === 'stat' ? 'ward.sendRobot' : 'ward.sendNow')}
        </Button>
        {priority === 'stat' && (
          <Button
            mih={56}
            variant={porterIsQuicker ? 'filled' : 'default'}
            onClick={() => send.mutate(true)}
            loading={send.isPending && send.variables}
            data-testid="quick-porter"
          >
            {t('ward.sendPorter')}
          </Button>
        )}
      </Group>
      <Button variant="subtle" onClick={showMore.toggle} aria-expanded={more}>
        {t('ward.more')}
      </Button>
      <Collapse expanded={more}>
        <Stack>
          <TextInput
            type="datetime-local"
            label={t('request.due')}
            value={due}
            onChange={(event) => {
              const { value } = event.currentTarget;
              alter(() => setDue(value));
            }}
          />
          <Textarea
            label={t('request.note')}
            value={note}
            onChange={(event) => {
              const { value } = event.currentTarget;
              alter(() => setNote(value));
            }}
            maxLength={1000}
            autosize
          />
        </Stack>
      </Collapse>
    </Stack>
  );
}

/** The robot beside a walking porter, before anything is sent. */
function Compared({ forecast }: { forecast: ForecastView }) {
  const { t, i18n } = useTranslation();
  const recommended = forecast.recommended as 'robot' | 'porter' | 'none';
  const time = (seconds: number | null) => (seconds === null ? t('ward.unknown') : minutes(i18n.language, seconds * 1000));
  return (
    <Alert color={forecast.recommended === 'porter' ? 'orange' : 'teal'} title={t(`ward.quicker_${recommended}`)} role="status" data-testid="forecast" data-recommended={recommended}>
      <Text size="sm">{t('ward.byRobot', { time: time(forecast.robot_seconds), robot: forecast.robot ?? '–' })}</Text>
      <Text size="sm">{t('ward.byPorter', { time: time(forecast.porter_seconds) })}</Text>
    </Alert>
  );
}
