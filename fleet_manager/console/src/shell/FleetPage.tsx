import { Badge, Loader, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AlertList } from '../alerts/AlertList';
import { getClosures } from '../api/client';
import type { ClosureView } from '../api/types';
import { RequestForm } from '../delivery/RequestForm';
import { FleetMap } from '../map/FleetMap';
import { RobotList } from '../robots/RobotList';
import { useFleet, useKnown } from '../stream/context';
import { hasEnded, type Fleet } from '../stream/fleet';
import { TaskList } from '../tasks/TaskList';

const CLOSURES_MS = 10_000;
const NOTHING_CLOSED: readonly ClosureView[] = [];

/** The map beside what there is to do. */
export function FleetPage() {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>('tasks');
  const [robot, setRobot] = useState<string | null>(null);
  const closures = useQuery({ queryKey: ['closures'], queryFn: getClosures, refetchInterval: CLOSURES_MS });
  const known = useKnown();
  return (
    <main className="fleet">
      <h1 className="unseen">{t('page.fleet')}</h1>
      <div className="map-side">
        <FleetMap robot={robot} onRobot={setRobot} closures={closures.data ?? NOTHING_CLOSED} />
      </div>
      <div className="panel">
        <Tabs value={tab} onChange={setTab} className="panel-tabs" keepMounted={false}>
          <Tabs.List grow>
            <Tabs.Tab value="tasks" data-testid="tab-tasks" rightSection={<Count of={openTasks} colour="cyan" />}>
              {t('tabs.tasks')}
            </Tabs.Tab>
            <Tabs.Tab value="request" data-testid="tab-request">
              {t('tabs.request')}
            </Tabs.Tab>
            <Tabs.Tab value="robots" data-testid="tab-robots">
              {t('tabs.robots')}
            </Tabs.Tab>
            <Tabs.Tab value="alerts" data-testid="tab-alerts" rightSection={<Count of={openAlerts} colour="red" />}>
              {t('tabs.alerts')}
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="tasks" className="panel-body">
            {known ? <TaskList onRobot={setRobot} /> : <NotYet />}
          </Tabs.Panel>
          <Tabs.Panel value="request" className="panel-body">
            <RequestForm onShow={() => setTab('tasks')} />
          </Tabs.Panel>
          <Tabs.Panel value="robots" className="panel-body">
            {known ? <RobotList selected={robot} onRobot={setRobot} /> : <NotYet />}
          </Tabs.Panel>
          <Tabs.Panel value="alerts" className="panel-body">
            {known ? <AlertList onRobot={setRobot} /> : <NotYet />}
          </Tabs.Panel>
        </Tabs>
      </div>
    </main>
  );
}

function NotYet() {
  const { t } = useTranslation();
  return (
    <Stack align="center" py="lg">
      <Loader />
      <Text c="dimmed">{t('link.connecting')}</Text>
    </Stack>
  );
}

const openTasks = (fleet: Fleet): number => Object.values(fleet.tasks).filter((task) => !hasEnded(task)).length;
const openAlerts = (fleet: Fleet): number => Object.keys(fleet.alerts).length;

function Count({ of, colour }: { of: (fleet: Fleet) => number; colour: string }) {
  const count = useFleet(of);
  return count === 0 ? null : (
    <Badge size="sm" circle={count < 10} color={colour} styles={{ root: { flex: 'none' }, label: { overflow: 'visible' } }}>
      {count}
    </Badge>
  );
}
