import { Alert, Button, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../api/types';
import { loads } from '../robots/state';
import { HandoverDialog } from '../tasks/HandoverDialog';

/** Robots that stand at the ward and wait for somebody: seen at once, and heard once. */
export function Arrivals({ tasks, ward }: { tasks: readonly TaskView[]; ward: string }) {
  const { t } = useTranslation();
  const here = tasks.filter((task) => task.handover?.place === ward);
  const rung = useRef<ReadonlySet<string>>(new Set());
  const key = here.map((task) => task.handover_step).join(' ');
  useEffect(() => {
    const steps = key === '' ? [] : key.split(' ');
    if (steps.some((step) => !rung.current.has(step))) ring();
    rung.current = new Set(steps);
  }, [key]);
  return here.length === 0 ? null : (
    <Stack gap="xs">
      <title>{`(${here.length}) WardFleet`}</title>
      {here.map((task) => (
        <Arrival key={task.id} task={task} text={t(loads(task) ? 'ward.hereLoad' : 'ward.here', { robot: task.robot ?? '' })} />
      ))}
    </Stack>
  );
}

function Arrival({ task, text }: { task: TaskView; text: string }) {
  const { t } = useTranslation();
  const [handing, handover] = useDisclosure();
  return (
    <Alert color="teal" variant="filled" title={text} role="alert" data-testid={`arrival-${task.id}`}>
      <Button variant="white" color="teal" onClick={handover.open} data-testid="arrival-open">
        {t(loads(task) ? 'handover.load' : 'handover.receive')}
      </Button>
      {handing && <HandoverDialog task={task} onClose={handover.close} />}
    </Alert>
  );
}

/** Two soft tones; browsers that want a touch first stay silent. */
function ring(): void {
  try {
    const context = new AudioContext();
    for (const [start, pitch] of [
      [0, 660],
      [0.25, 880],
    ] as const) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = pitch;
      gain.gain.value = 0.08;
      tone.connect(gain).connect(context.destination);
      tone.start(context.currentTime + start);
      tone.stop(context.currentTime + start + 0.2);
    }
  } catch {
    // No sound here: the notice on the page is enough.
  }
}
