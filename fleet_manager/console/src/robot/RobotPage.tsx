import { Alert, Badge, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeRobot, confirmWipeDown, getZones, reportZone } from '../api/client';
import type { RobotView, RoomNews, TaskView } from '../api/types';
import { placeText } from '../i18n/places';
import { robotColour } from '../robots/colours';
import { chargeText, loads, robotState } from '../robots/state';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { useFleet, useKnown } from '../stream/context';
import { HandoverDialog } from '../tasks/HandoverDialog';
import { useTrafficWords } from '../traffic/words';

/** The page on a robot's own screen, and behind its QR code: whatever the robot waits for is one button here. */
export function RobotPage({ id }: { id: string }) {
  const { t } = useTranslation();
  const known = useKnown();
  const robot = useFleet((fleet) => fleet.robots[id]);
  const task = useFleet((fleet) => fleet.tasks[robot?.task ?? '']);
  return (
    <main className="sheet">
      <Stack maw={560} mx="auto" p="md" gap="lg">
        <Title order={1} size="h2">
          {id}
        </Title>
        {known && robot === undefined && <Empty title={t('robotPage.unknown')}>{t('robotPage.unknownText')}</Empty>}
        {robot !== undefined && <Robot robot={robot} task={task} />}
      </Stack>
    </main>
  );
}

function Robot({ robot, task }: { robot: RobotView; task: TaskView | undefined }) {
  const { t } = useTranslation();
  const words = useTrafficWords();
  const wait = robot.waiting_for;
  const wiping = robot.status === 'decontaminating' && wait?.kind === 'person';
  return (
    <>
      <Group gap="xs">
        <Badge size="lg" variant="dot" color={robotColour(robot)} data-testid="robot-page-state">
          {robotState(t, robot)}
        </Badge>
        <Text size="sm">{chargeText(robot)}</Text>
      </Group>
      {wait !== null && (
        <Text fw={600} size="lg" data-testid="robot-page-waiting">
          {words.waiting(wait, task)}
        </Text>
      )}
      {wait === null && <Text size="lg">{t(task === undefined ? 'robotPage.free' : 'robotPage.onTheWay')}</Text>}
      {task?.handover_step != null && <HandOver task={task} />}
      {task?.zone != null && wait?.kind === 'person' && <Room zone={task.zone} />}
      {wiping && <WipedDown robot={robot.id} />}
      <Problem robot={robot} />
    </>
  );
}

function HandOver({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const [handing, handover] = useDisclosure();
  return (
    <>
      <Button mih={72} size="lg" onClick={handover.open} data-testid="robot-page-handover">
        {t(loads(task) ? 'handover.load' : 'handover.receive')}
      </Button>
      {handing && <HandoverDialog task={task} onClose={handover.close} />}
    </>
  );
}

/** The room that it waits to disinfect. */
function Room({ zone }: { zone: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones });
  const known = zones.data?.find((one) => one.id === zone);
  const tell = useMutation({
    mutationFn: (news: RoomNews) => reportZone(zone, news),
    onSettled: () => queries.invalidateQueries({ queryKey: ['zones'] }),
  });
  if (known === undefined) return null;
  return (
    <Paper withBorder p="md">
      <Stack>
        <Text fw={600}>{placeText(t, known.name ?? zone)}</Text>
        <Button
          mih={64}
          variant={known.cleaned_at === null ? 'filled' : 'default'}
          onClick={() => tell.mutate('cleaned')}
          loading={tell.isPending && tell.variables === 'cleaned'}
          data-testid="cleaned"
        >
          {t(known.cleaned_at === null ? 'zones.confirmCleaned' : 'zones.cleanedAgain')}
        </Button>
        <Button
          mih={64}
          disabled={known.cleaned_at === null}
          onClick={() => tell.mutate('vacated')}
          loading={tell.isPending && tell.variables === 'vacated'}
          data-testid="vacated"
        >
          {t('zones.confirmVacated')}
        </Button>
        <ErrorNote error={tell.error} />
      </Stack>
    </Paper>
  );
}

function WipedDown({ robot }: { robot: string }) {
  const { t } = useTranslation();
  const confirm = useMutation({ mutationFn: () => confirmWipeDown(robot) });
  return (
    <Stack gap="xs">
      <Text size="sm">{t('robotPage.wipeText')}</Text>
      <ErrorNote error={confirm.error} />
      <Button mih={72} onClick={() => confirm.mutate()} loading={confirm.isPending} data-testid="wiped-down">
        {t('robotPage.wiped')}
      </Button>
    </Stack>
  );
}

/** Somebody sees that something is wrong: the robot is taken out of service with their words, and people are called. */
function Problem({ robot }: { robot: RobotView }) {
  const { t } = useTranslation();
  const [opened, open] = useDisclosure();
  const [words, setWords] = useState('');
  const report = useMutation({ mutationFn: () => changeRobot(robot.id, 'out-of-service', words.trim()) });
  if (robot.status === 'out_of_service') {
    return (
      <Alert color="orange" data-testid="problem-reported">
        {t('robotPage.reported')}
      </Alert>
    );
  }
  return opened ? (
    <Paper withBorder p="md">
      <Stack>
        <TextInput
          label={t('robotPage.problem')}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          maxLength={1000}
          data-testid="problem-words"
        />
        <ErrorNote error={report.error} />
        <Button
          color="red"
          mih={56}
          disabled={words.trim() === ''}
          onClick={() => report.mutate()}
          loading={report.isPending}
          data-testid="problem-send"
        >
          {t('robotPage.stopIt')}
        </Button>
      </Stack>
    </Paper>
  ) : (
    <Button variant="default" mih={56} onClick={open.open} data-testid="problem">
      {t('robotPage.report')}
    </Button>
  );
}
