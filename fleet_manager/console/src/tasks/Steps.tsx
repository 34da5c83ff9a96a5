import { Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../api/types';
import { usePlaceName } from '../shell/site';

const SIGNS: Record<string, string> = { pending: '○', done: '●', failed: '✕' };

/** The steps of a mission, those done filled, the present one bold. */
export function Steps({ mission }: { mission: NonNullable<TaskView['mission']> }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  return (
    <Stack gap={2} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
      {mission.steps.map((step) => {
        const active = !(step.status in SIGNS);
        const level = step.detail['to_level'];
        const place = typeof level === 'string' ? level : placeName(step.place);
        return (
          <Group component="li" gap="xs" key={step.step_id} wrap="nowrap" aria-current={active ? 'step' : undefined}>
            <Text size="sm" w={16} ta="center" c={step.status === 'failed' ? 'red' : 'cyan'}>
              {SIGNS[step.status] ?? '◐'}
            </Text>
            <Text size="sm" fw={active ? 700 : 400}>
              {t(`step.${step.kind}` as 'step.go_to', { place, defaultValue: step.kind })}
            </Text>
          </Group>
        );
      })}
    </Stack>
  );
}
