import { Alert } from '@mantine/core';
import { useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { withoutIds } from '../i18n/places';
import { useLive } from '../stream/context';
import { forget, onOutbox, sendKept, waiting } from './outbox';

/** Requests that wait for the fleet manager; they are sent as soon as it is heard again. What it refused is told. */
export function OutboxNote() {
  const { t } = useTranslation();
  const { phase } = useLive();
  const kept = useSyncExternalStore(onOutbox, waiting);
  const refused = kept.filter((one) => one.refused !== undefined);
  const count = kept.length - refused.length;
  useEffect(() => {
    if (phase === 'live' && count > 0) void sendKept();
  }, [phase, count]);
  return (
    <>
      {count > 0 && (
        <Alert color="orange" radius={0} py="xs" role="status" data-testid="outbox">
          {t('ward.outbox', { count })}
        </Alert>
      )}
      {refused.map((one) => (
        <Alert
          key={one.key}
          color="red"
          radius={0}
          py="xs"
          role="alert"
          title={t('ward.keptRefused', { items: one.body.items.map((item) => item.name).join(', ') })}
          withCloseButton
          closeButtonLabel={t('app.close')}
          onClose={() => forget(one.key)}
          data-testid="outbox-refused"
        >
          {withoutIds(t, one.refused ?? '')}
        </Alert>
      ))}
    </>
  );
}
