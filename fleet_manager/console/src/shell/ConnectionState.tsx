import { Alert, Badge, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLive, useNow } from '../stream/context';
import type { Phase } from '../stream/store';

const COLOURS: Record<Phase, string> = { connecting: 'gray', live: 'teal', lost: 'red', past: 'violet' };

export function ConnectionBadge() {
  const { t } = useTranslation();
  const { phase } = useLive();
  return (
    <Badge color={COLOURS[phase]} variant="dot" size="lg" role="status" data-testid="connection" data-phase={phase}>
      {t(`link.${phase}`)}
    </Badge>
  );
}

/** Stands where a page would say that it is live, on one that shows the past. */
export function PastBadge() {
  const { t } = useTranslation();
  const { phase } = useLive();
  return (
    <Badge color={COLOURS.past} variant="filled" size="lg" role="status" data-testid="connection" data-phase={phase}>
      {t('link.past')}
    </Badge>
  );
}

/** Says how old the picture is while the fleet manager is not heard, and offers what people go on with by hand. */
export function StaleBanner({ onSheet }: { onSheet: () => void }) {
  const { t } = useTranslation();
  const { phase, heardAt, aheadMs } = useLive();
  const now = useNow(1_000) - aheadMs;
  if (phase !== 'lost' || heardAt === null) return null;
  const seconds = Math.max(0, Math.round((now - heardAt) / 1000));
  const age =
    seconds < 120
      ? t('link.age_seconds', { count: seconds })
      : t('link.age_minutes', { count: Math.round(seconds / 60) });
  return (
    <Alert color="red" variant="filled" radius={0} py="xs" role="alert" data-testid="stale">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t('link.stale', { age })}</Text>
        <Button variant="white" color="red.9" onClick={onSheet} data-testid="print-sheet">
          {t('link.sheet')}
        </Button>
      </Group>
    </Alert>
  );
}
