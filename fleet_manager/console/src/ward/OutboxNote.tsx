import { Alert } from '@mantine/core';
import { useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '../stream/context';
import { onOutbox, sendKept, waiting } from './outbox';

/** Requests that wait for the fleet manager; they are sent as soon as it is heard again. */
export function OutboxNote() {
  const { t } = useTranslation();
  const { phase } = useLive();
  const count = useSyncExternalStore(onOutbox, waiting).length;
  useEffect(() => {
    if (phase === 'live' && count > 0) void sendKept();
  }, [phase, count]);
  return count === 0 ? null : (
    <Alert color="orange" radius={0} py="xs" role="status" data-testid="outbox">
      {t('ward.outbox', { count })}
    </Alert>
  );
}
