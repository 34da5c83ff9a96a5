import { Badge, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getCues } from '../api/client';
import { ClosureList } from './ClosureList';
import { CueList } from './CueList';
import { Schedules } from './Schedules';
import { ZoneList } from './ZoneList';

export const OFTEN_MS = 4_000;

/** What facility and infection-control staff plan and confirm. */
export function FacilityPage() {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>('zones');
  const cues = useQuery({ queryKey: ['cues'], queryFn: getCues, refetchInterval: OFTEN_MS });
  const open = (cues.data ?? []).filter((cue) => cue.state === 'open').length;
  return (
    <main className="sheet">
      <h1 className="unseen">{t('facility.title')}</h1>
      <Tabs value={tab} onChange={setTab} keepMounted={false} className="sheet-tabs">
        <Tabs.List aria-label={t('facility.title')}>
          <Tabs.Tab value="zones" data-testid="tab-zones">
            {t('facility.zones')}
          </Tabs.Tab>
          <Tabs.Tab value="schedules" data-testid="tab-schedules">
            {t('facility.schedules')}
          </Tabs.Tab>
          <Tabs.Tab
            value="cues"
            data-testid="tab-cues"
            rightSection={open === 0 ? null : <Badge color="red" size="sm">{open}</Badge>}
          >
            {t('facility.cues')}
          </Tabs.Tab>
          <Tabs.Tab value="closures" data-testid="tab-closures">
            {t('facility.closures')}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="zones">
          <ZoneList />
        </Tabs.Panel>
        <Tabs.Panel value="schedules">
          <Schedules />
        </Tabs.Panel>
        <Tabs.Panel value="cues">
          <CueList cues={cues.data} />
        </Tabs.Panel>
        <Tabs.Panel value="closures">
          <ClosureList />
        </Tabs.Panel>
      </Tabs>
    </main>
  );
}
