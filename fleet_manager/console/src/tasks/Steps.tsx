import { Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { StepView, TaskView } from '../api/types';
import { usePlaceName } from '../shell/site';
import { lines } from './steps';

const SIGNS: Record<string, string> = { pending: '○', done: '●', failed: '✕' };

/** The steps of a mission, those done filled, the present one bold, lift rides below the way they are a part of. */
export function Steps({ mission }: { mission: NonNullable<TaskView['mission']> }) {
  return (
    <Stack gap={2} component="ol" p={0} m={0} style={{ listStyle: 'none' }} data-testid="task-steps">
      {lines(mission.steps).map(({ step, rides }) => (
        <li key={step.step_id} aria-current={step.status in SIGNS ? undefined : 'step'}>
          <StepLine step={step} />
          {rides.map((ride) => (
            <StepLine key={ride.step_id} step={ride} indent={28} />
          ))}
        </li>
      ))}
    </Stack>
  );
}

function StepLine({ step, indent = 0 }: { step: StepView; indent?: number }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const { to_level: level, lift } = step.detail;
  const words = {
    place: typeof level === 'string' ? level : placeName(step.place),
    lift: typeof lift === 'string' ? placeName(lift) : '',
    defaultValue: step.kind,
  };
  return (
    <Group gap="xs" wrap="nowrap" pl={indent}>
      <Text size="sm" w={16} ta="center" c={step.status === 'failed' ? 'red' : 'cyan'} aria-hidden>
        {SIGNS[step.status] ?? '◐'}
      </Text>
      <Text size="sm" fw={step.status in SIGNS ? 400 : 700}>
        {t(`step.${step.kind}` as 'step.go_to', words)}
      </Text>
    </Group>
  );
}
