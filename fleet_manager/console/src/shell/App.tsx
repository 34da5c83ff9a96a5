import { Button, Center, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { getSite } from '../api/client';
import { PorterPage } from '../porter/PorterPage';
import { StaleBanner } from './ConnectionState';
import { FleetPage } from './FleetPage';
import { Header } from './Header';
import { SiteContext } from './site';
import { useView } from './view';

export function App() {
  const [view, setView] = useView();
  const site = useQuery({ queryKey: ['site'], queryFn: getSite, staleTime: Infinity });
  return (
    <div className="page">
      <Header siteName={site.data?.name ?? ''} view={view} onView={setView} />
      <StaleBanner />
      {site.data === undefined ? (
        <Waiting failing={site.failureCount > 0} onRetry={() => void site.refetch()} />
      ) : (
        <SiteContext.Provider value={site.data}>
          {view === 'porter' ? <PorterPage /> : <FleetPage />}
        </SiteContext.Provider>
      )}
    </div>
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
