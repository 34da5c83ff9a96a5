import { Badge, Loader, Tabs } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../api/types';
import { AlertList } from '../alerts/AlertList';
import { useFleet, useKnown } from '../stream/context';
import { HandoverDialog } from '../tasks/HandoverDialog';
import { HelpDialog } from './HelpDialog';
import { Pauses } from './Pauses';
import { RobotTable } from './RobotTable';
import { TaskHelps } from './TaskHelps';

/** What the control room does about robots and tasks that are stuck. */
export function OperatorPage() {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>('robots');
  const [chosen, choose] = useState<string | null>(null);
  const [handing, handOver] = useState<TaskView | null>(null);
  const known = useKnown();
  const robot = useFleet((fleet) => (chosen === null ? undefined : fleet.robots[chosen]));
  const alerts = useFleet((fleet) => Object.keys(fleet.alerts).length);
  const waiting = useFleet((fleet) => Object.values(fleet.tasks).filter((task) => task.status === 'queued').length);
  return (
    <main className="sheet">
      <h1 className="unseen">{t('page.operator')}</h1>
      <Tabs value={tab} onChange={setTab} keepMounted={false} className="sheet-tabs">
        <Tabs.List aria-label={t('page.operator')}>
          <Tabs.Tab value="robots" data-testid="tab-robots">
            {t('tabs.robots')}
          </Tabs.Tab>
          <Tabs.Tab value="alerts" data-testid="tab-alerts" rightSection={<Count of={alerts} colour="red" />}>
            {t('tabs.alerts')}
          </Tabs.Tab>
          <Tabs.Tab value="queue" data-testid="tab-queue" rightSection={<Count of={waiting} colour="cyan" />}>
            {t('operator.queue')}
          </Tabs.Tab>
        </Tabs.List>
        {!known && <Loader m="md" />}
        {known && (
          <>
            <Tabs.Panel value="robots" p="md">
              <Pauses />
              <RobotTable onRobot={choose} />
            </Tabs.Panel>
            <Tabs.Panel value="alerts" p="md" maw={820}>
              <AlertList onRobot={choose} verb={t('operator.help')} />
            </Tabs.Panel>
            <Tabs.Panel value="queue" p="md" maw={820}>
              <TaskHelps />
            </Tabs.Panel>
          </>
        )}
      </Tabs>
      {robot !== undefined && (
        <HelpDialog
          key={robot.id}
          robot={robot}
          onRobot={choose}
          onHandOver={(task) => {
            choose(null);
            handOver(task);
          }}
          onClose={() => choose(null)}
        />
      )}
      {handing !== null && <HandoverDialog task={handing} onClose={() => handOver(null)} />}
    </main>
  );
}

function Count({ of, colour }: { of: number; colour: string }) {
  return of === 0 ? null : (
    <Badge size="sm" color={colour}>
      {of}
    </Badge>
  );
}
