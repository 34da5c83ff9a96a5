import { Button, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { changeRobot } from '../api/client';
import type { RobotAction, RobotView } from '../api/types';
import { ErrorNote } from '../shell/ErrorNote';

interface Props {
  robot: RobotView;
  /** What the buttons' test ids begin with. */
  place: 'robot' | 'help';
  children?: ReactNode;
}

/** Pause or resume a robot, take it out of service or bring it back; `children` are more buttons beside these. */
export function ServiceButtons({ robot, place, children }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (action: RobotAction) => changeRobot(robot.id, action),
    onSettled: () => queries.invalidateQueries({ queryKey: ['helps', robot.id] }),
  });
  const serving = robot.status !== 'out_of_service' && robot.status !== 'error';
  return (
    <>
      <ErrorNote error={change.error} />
      <Group gap="xs">
        <Button
          variant="default"
          onClick={() => change.mutate(robot.paused ? 'resume' : 'pause')}
          loading={change.isPending}
          data-testid={`${place}-pause`}
        >
          {t(robot.paused ? 'robot.resume' : 'robot.pause')}
        </Button>
        <Button
          variant="default"
          onClick={() => change.mutate(serving ? 'out-of-service' : 'return-to-service')}
          loading={change.isPending}
          data-testid={`${place}-service`}
        >
          {t(serving ? 'robot.outOfService' : 'robot.returnToService')}
        </Button>
        {children}
      </Group>
    </>
  );
}
