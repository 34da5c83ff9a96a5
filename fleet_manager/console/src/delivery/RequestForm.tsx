import { Alert, Button, Group, SegmentedControl, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type SyntheticEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { NoAnswer, Refused, requestDelivery } from '../api/client';
import type { Priority, TaskView } from '../api/types';
import { errorText } from '../i18n/words';
import { Icon } from '../shell/icons';
import { usePlaceName } from '../shell/site';
import { presentOf, useStore } from '../stream/context';
import { draftErrors, EMPTY_DRAFT, localTime, newKey, requestOf, type Draft } from './draft';
import { ItemFields } from './ItemFields';
import { PlaceSelect } from './PlaceSelect';

const PRIORITIES: readonly Priority[] = ['stat', 'urgent', 'routine', 'background'];
const QUICK_MINUTES = [15, 30, 60];

export function RequestForm({ onShow }: { onShow: () => void }) {
  const { t } = useTranslation();
  const store = useStore();
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [key, setKey] = useState(newKey);
  const [checked, setChecked] = useState(false);
  const sent = useMutation({ mutationFn: (wanted: Draft) => requestDelivery(requestOf(wanted), key) });
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    setKey(newKey());
    if (sent.isError) sent.reset();
  };
  const startAnew = () => {
    sent.reset();
    setDraft(EMPTY_DRAFT);
    setKey(newKey());
    setChecked(false);
  };
  const now = () => new Date(presentOf(store));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setChecked(true);
    if (Object.keys(draftErrors(draft, now())).length === 0) sent.mutate(draft);
    else showFirstError(event.currentTarget);
  };
  if (sent.isSuccess) return <Requested task={sent.data} onShow={onShow} onAgain={startAnew} />;
  return (
    <form onSubmit={submit} noValidate>
      <Fields draft={draft} onChange={change} checked={checked} refusedField={refusedField(sent.error)} now={now} />
      <Stack mt="md">
        <Failure error={sent.error} />
        <Button type="submit" loading={sent.isPending} fullWidth data-testid="submit-request">
          {t('request.send')}
        </Button>
      </Stack>
    </form>
  );
}

/** Once the errors are drawn, go to the first field that has one. */
function showFirstError(form: Element): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}

/** The form's name of the field that the fleet manager refused, such as `dropoff`. */
function refusedField(error: Error | null): string | null {
  return error instanceof Refused ? error.problem.field : null;
}

interface FieldsProps {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
  checked: boolean;
  refusedField: string | null;
  now: () => Date;
}

function Fields({ draft, onChange, checked, refusedField, now }: FieldsProps) {
  const { t } = useTranslation();
  const errors = checked ? draftErrors(draft, now()) : {};
  const errorOf = (field: string) => {
    const error = errors[field];
    return error === undefined ? field === refusedField : t(`invalid.${error}`);
  };
  return (
    <Stack>
      <Title order={2} size="h4">
        {t('request.title')}
      </Title>
      <PlaceSelect
        label={t('request.pickup')}
        value={draft.pickup}
        onChange={(pickup) => onChange({ pickup })}
        error={errorOf('pickup')}
        testid="pickup"
      />
      <Button
        variant="subtle"
        onClick={() => onChange({ pickup: draft.dropoff, dropoff: draft.pickup })}
        leftSection={<Icon shape="swap" />}
        style={{ alignSelf: 'flex-start' }}
        my={-8}
      >
        {t('request.swap')}
      </Button>
      <PlaceSelect
        label={t('request.dropoff')}
        value={draft.dropoff}
        onChange={(dropoff) => onChange({ dropoff })}
        error={errorOf('dropoff')}
        testid="dropoff"
      />
      <ItemFields items={draft.items} onChange={(items) => onChange({ items })} errorOf={errorOf} />
      <Stack gap={4}>
        <Text fw={500} id="priority-label">
          {t('request.priority')}
        </Text>
        <SegmentedControl
          aria-labelledby="priority-label"
          data={PRIORITIES.map((priority) => ({ value: priority, label: t(`priority.${priority}`) }))}
          value={draft.priority}
          onChange={(priority) => onChange({ priority })}
          color={draft.priority === 'stat' ? 'red' : draft.priority === 'urgent' ? 'orange' : 'cyan'}
          styles={{ label: { minHeight: 44, display: 'grid', placeContent: 'center' } }}
          fullWidth
          data-testid="priority"
        />
      </Stack>
      <DueField due={draft.due} onChange={(due) => onChange({ due })} error={errorOf('due')} now={now} />
      <Textarea
        label={t('request.note')}
        value={draft.note}
        onChange={(event) => onChange({ note: event.currentTarget.value })}
        maxLength={1000}
        autosize
        minRows={2}
        data-testid="note"
      />
    </Stack>
  );
}

interface DueProps {
  due: string;
  onChange: (due: string) => void;
  error: string | boolean;
  now: () => Date;
}

function DueField({ due, onChange, error, now }: DueProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <TextInput
        type="datetime-local"
        label={t('request.due')}
        description={t('request.dueHint')}
        value={due}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        data-testid="due"
      />
      <Group gap="xs">
        {QUICK_MINUTES.map((count) => (
          <Button key={count} variant="default" px="sm" onClick={() => onChange(localTime(now(), count))}>
            {t('request.inMinutes', { count })}
          </Button>
        ))}
        {due !== '' && (
          <Button variant="subtle" px="sm" onClick={() => onChange('')}>
            {t('request.clearDue')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Failure({ error }: { error: Error | null }) {
  const { t } = useTranslation();
  if (error === null) return null;
  if (error instanceof NoAnswer) {
    return (
      <Alert color="orange" title={t('request.noAnswer')} role="alert" data-testid="request-error">
        {t('request.noAnswerText')}
      </Alert>
    );
  }
  const { title, detail, wayOut } = errorText(t, error);
  return (
    <Alert color="red" title={t('request.refused')} role="alert" data-testid="request-error">
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Text size="sm">{detail}</Text>
      {wayOut !== null && <Text size="sm">{wayOut}</Text>}
    </Alert>
  );
}

function Requested({ task, onShow, onAgain }: { task: TaskView; onShow: () => void; onAgain: () => void }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const places = { pickup: placeName(task.pickup), dropoff: placeName(task.dropoff) };
  return (
    <Stack>
      <Alert color="teal" title={t('request.done', { id: task.id })} role="status" data-testid="request-done">
        {t('request.doneText', places)}
      </Alert>
      <Button onClick={onShow} data-testid="show-request">
        {t('request.show')}
      </Button>
      <Button variant="default" onClick={onAgain}>
        {t('request.again')}
      </Button>
    </Stack>
  );
}
