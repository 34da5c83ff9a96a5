import { Button, Center, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { getSite } from '../api/client';
import { StaleBanner } from './ConnectionState';
import { Header } from './Header';
import { SiteContext } from './site';
import { OutboxNote } from '../ward/OutboxNote';
import { useRobotPage, useView, type View } from './view';

/** Each page is fetched when it is first opened. */
const FleetPage = lazy(() => import('./FleetPage').then((module) => ({ default: module.FleetPage })));
const OperatorPage = lazy(() => import('../operator/OperatorPage').then((module) => ({ default: module.OperatorPage })));
const WardPage = lazy(() => import('../ward/WardPage').then((module) => ({ default: module.WardPage })));
const FacilityPage = lazy(() => import('../facility/FacilityPage').then((module) => ({ default: module.FacilityPage })));
const PorterPage = lazy(() => import('../porter/PorterPage').then((module) => ({ default: module.PorterPage })));
const AnalyticsPage = lazy(() => import('../analytics/AnalyticsPage').then((module) => ({ default: module.AnalyticsPage })));
const DowntimePage = lazy(() => import('../downtime/DowntimePage').then((module) => ({ default: module.DowntimePage })));
const ReplayPage = lazy(() => import('../replay/ReplayPage').then((module) => ({ default: module.ReplayPage })));
const RobotPage = lazy(() => import('../robot/RobotPage').then((module) => ({ default: module.RobotPage })));

function Page({ view }: { view: View }) {
  const robot = useRobotPage();
  if (robot !== null) return <RobotPage id={robot} />;
  switch (view) {
    case 'fleet':
      return <FleetPage />;
    case 'operator':
      return <OperatorPage />;
    case 'ward':
      return <WardPage />;
    case 'facility':
      return <FacilityPage />;
    case 'porter':
      return <PorterPage />;
    case 'analytics':
      return <AnalyticsPage />;
    case 'downtime':
      return <DowntimePage />;
    case 'replay':
      return <ReplayPage />;
  }
}

export function App() {
  const [view, setView] = useView();
  const site = useQuery({ queryKey: ['site'], queryFn: getSite, staleTime: Infinity });
  return (
    <SiteContext.Provider value={site.data ?? null}>
      <div className="page">
        <Header siteName={site.data?.name ?? ''} view={view} onView={setView} />
        <div>
          {view !== 'replay' && <StaleBanner onSheet={() => setView('downtime', '#print')} />}
          <OutboxNote />
        </div>
        {site.data === undefined ? (
          <Waiting failing={site.failureCount > 0} onRetry={() => void site.refetch()} />
        ) : (
          <Suspense fallback={<Waiting failing={false} onRetry={() => undefined} />}>
            <Page view={view} />
          </Suspense>
        )}
      </div>
    </SiteContext.Provider>
  );
}

function Waiting({ failing, onRetry }: { failing: boolean; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <Center p="xl">
      <Stack align="center">
        <Loader />
        <Text ta="center">{t(failing ? 'app.noSite' : 'app.loading')}</Text>
        {failing && <Button onClick={onRetry}>{t('app.retry')}</Button>}
      </Stack>
    </Center>
  );
}
