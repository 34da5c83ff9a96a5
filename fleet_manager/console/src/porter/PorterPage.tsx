import { Alert, Button, Group, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDisclosure, useLocalStorage } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { getPorter, getPorters, porterDone, porterRefuses } from '../api/client';
import type { PorterStepView, PorterView, TaskView } from '../api/types';
import { away, clock } from '../i18n/time';
import { loads } from '../robots/state';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useFleet, useNow } from '../stream/context';
import { HandoverDialog } from '../tasks/HandoverDialog';

const POLL_MS = 2_000;

/** A porter's phone: what to do now, what is carried, and when it is expected. */
export function PorterPage() {
  const { t } = useTranslation();
  const porters = useQuery({ queryKey: ['porters'], queryFn: getPorters });
  const [chosen, choose] = useLocalStorage<string | null>({ key: 'wardfleet.porter', defaultValue: null });
  if (porters.data === undefined) return <Stack p="md">{t('link.connecting')}</Stack>;
  const known = porters.data.some((porter) => porter.id === chosen) ? chosen : null;
  return (
    <main style={{ overflowY: 'auto' }}>
      <Stack maw={560} mx="auto" p="md">
        <Title order={1} size="h4">
          {t('porter.title')}
        </Title>
        {porters.data.length === 0 ? (
          <Empty title={t('porter.none')}>{t('porter.noneText')}</Empty>
        ) : (
          <Select
            label={t('porter.choose')}
            data={porters.data.map((porter) => porter.id)}
            placeholder={t('porter.chooseHint')}
            description={known === null ? t('porter.chooseText') : undefined}
            value={known}
            onChange={choose}
            styles={{ option: { minHeight: 44 } }}
            data-testid="porter"
          />
        )}
        {known !== null && <Shift key={known} id={known} />}
      </Stack>
    </main>
  );
}

function Shift({ id }: { id: string }) {
  const { t } = useTranslation();
  const porter = useQuery({ queryKey: ['porter', id], queryFn: () => getPorter(id), refetchInterval: POLL_MS });
  const carried = useFleet((fleet) => fleet.robots[id]?.task ?? null);
  const task = useFleet((fleet) => fleet.tasks[porter.data?.task ?? carried ?? '']);
  if (porter.data === undefined) return <Text>{t('link.connecting')}</Text>;
  const { connected } = porter.data;
  const due = task !== undefined && task.handover_step !== null;
  const steps = porter.data.steps.filter(({ kind }) => !due || (kind !== 'load' && kind !== 'unload'));
  return (
    <Stack>
      {!connected && <Alert color="red">{t('porter.offline')}</Alert>}
      {task !== undefined && <Delivery task={task} />}
      {due && <Handover task={task} />}
      {steps.map((step) => (
        <Step key={step.command_id} porter={id} step={step} />
      ))}
      {steps.length === 0 && task === undefined && <Empty title={t('porter.idle')}>{t('porter.idleText')}</Empty>}
      {steps.length === 0 && task !== undefined && !due && <Text c="dimmed">{t('porter.waiting')}</Text>}
    </Stack>
  );
}

function Delivery({ task }: { task: TaskView }) {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  const now = useNow(5_000);
  return (
    <Paper withBorder p="md" data-testid="porter-task">
      <Stack gap="xs">
        <Text fw={700} size="lg">
          {placeName(task.pickup)} → {placeName(task.dropoff)}
        </Text>
        <Text data-testid="porter-eta">
          {task.eta === null
            ? t('task.noEta')
            : `${t('task.eta')} ${clock(i18n.language, task.eta, now)} (${away(i18n.language, task.eta, now)})`}
        </Text>
        {task.note !== '' && (
          <Text size="sm">
            {t('task.note')}: {task.note}
          </Text>
        )}
        <Text fw={600} size="sm">
          {t('porter.custody')}
        </Text>
        {task.items.map((item) => (
          <Group key={item.item_id} justify="space-between" wrap="nowrap">
            <Text size="sm">
              {item.quantity} × {item.name}
            </Text>
            <Text size="sm" c="dimmed">
              {t(`item.${item.state}`)}
            </Text>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}

/** Goods change hands: first this, then whatever steps there are. */
function Handover({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const [handing, handover] = useDisclosure();
  const loading = loads(task);
  const place = placeName(task.waiting_for?.resource ?? (loading ? task.pickup : task.dropoff));
  return (
    <NowPanel title={t('porter.handoverAt', { place })} testid="porter-handover-due">
      <Button size="lg" h={56} onClick={handover.open} data-testid="porter-handover">
        {t(loading ? 'handover.load' : 'handover.receive')}
      </Button>
      {handing && <HandoverDialog task={task} onClose={handover.close} />}
    </NowPanel>
  );
}

function NowPanel({ title, testid, children }: { title: string; testid: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder p="md" data-testid={testid}>
      <Stack>
        <Text c="dimmed" size="sm">
          {t('porter.now')}
        </Text>
        <Text fw={700} size="xl">
          {title}
        </Text>
        {children}
      </Stack>
    </Paper>
  );
}

interface StepProps {
  porter: string;
  step: PorterStepView;
}

function Step({ porter, step }: StepProps) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const queries = useQueryClient();
  const seen = (view: PorterView) => queries.setQueryData(['porter', porter], view);
  const done = useMutation({ mutationFn: () => porterDone(porter, step.command_id), onSuccess: seen });
  const words = t(`porter.${step.kind}` as 'porter.go_to', {
    place: placeName(step.place ?? ''),
    defaultValue: step.kind,
  });
  return (
    <NowPanel title={words} testid="porter-step">
      <ErrorNote error={done.error} />
      <Button size="lg" h={56} onClick={() => done.mutate()} loading={done.isPending} data-testid="porter-done">
        {t(step.kind === 'go_to' ? 'porter.arrived' : 'porter.done')}
      </Button>
      <Refuse porter={porter} step={step} onRefused={seen} />
    </NowPanel>
  );
}

interface RefuseProps {
  porter: string;
  step: PorterStepView;
  onRefused: (view: PorterView) => void;
}

function Refuse({ porter, step, onRefused }: RefuseProps) {
  const { t } = useTranslation();
  const [asked, ask] = useDisclosure();
  const [reason, setReason] = useState('');
  const refused = useMutation({
    mutationFn: () => porterRefuses(porter, step.command_id, reason),
    onSuccess: onRefused,
  });
  if (!asked) {
    return (
      <Button variant="subtle" color="gray" onClick={ask.open} data-testid="porter-refuse">
        {t('porter.refuse')}
      </Button>
    );
  }
  return (
    <Stack gap="xs">
      <TextInput
        label={t('porter.refuseReason')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={1000}
      />
      <ErrorNote error={refused.error} />
      <Group grow>
        <Button variant="default" onClick={ask.close}>
          {t('app.back')}
        </Button>
        <Button color="red" onClick={() => refused.mutate()} loading={refused.isPending}>
          {t('porter.refuseConfirm')}
        </Button>
      </Group>
    </Stack>
  );
}
