import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { sendPorter } from '../api/client';
import type { TaskView } from '../api/types';
import { ErrorNote } from '../shell/ErrorNote';
import { Dialog } from './Dialog';

export function PorterDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation();
  const sent = useMutation({ mutationFn: () => sendPorter(task.id), onSuccess: onClose });
  return (
    <Dialog title={t('task.porter')} onClose={onClose}>
      <Stack>
        <Text>{t('task.porterText')}</Text>
        <ErrorNote error={sent.error} />
        <Group grow>
          <Button variant="default" onClick={onClose}>
            {t('app.back')}
          </Button>
          <Button onClick={() => sent.mutate()} loading={sent.isPending} data-testid="send-porter-confirm">
            {t('task.porter')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
