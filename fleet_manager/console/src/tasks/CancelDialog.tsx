import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cancelTask } from '../api/client';
import type { TaskView } from '../api/types';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName, useSite } from '../shell/site';
import { onCancel } from './cancellation';
import { Dialog } from './Dialog';

/** Says what becomes of the goods before anything is cancelled. */
export function CancelDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const sent = useMutation({ mutationFn: () => cancelTask(task.id, reason), onSuccess: onClose });
  return (
    <Dialog title={t('cancel.title')} onClose={onClose}>
      <Stack>
        <Consequences task={task} />
        <TextInput
          label={t('cancel.reason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={1000}
          data-testid="cancel-reason"
        />
        <ErrorNote error={sent.error} />
        <Group grow>
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('cancel.keep')}
          </Button>
          <Button color="red" onClick={() => sent.mutate()} loading={sent.isPending} data-testid="cancel-confirm">
            {t('cancel.confirm')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function Consequences({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const { item_classes } = useSite();
  const placeName = usePlaceName();
  const onBoard = task.items.filter((item) => item.state === 'on_board');
  if (onBoard.length === 0) return <Text>{t('cancel.nothingOnBoard')}</Text>;
  const goes = onCancel(onBoard, item_classes);
  const items = onBoard.map((item) => `${item.quantity} × ${item.name}`).join(', ');
  const place = placeName(goes === 'continue' ? task.dropoff : task.pickup);
  return (
    <Stack gap="xs" data-testid="cancel-consequences">
      <Text>{t('cancel.onBoard', { carrier: task.robot, items })}</Text>
      <Text fw={600}>{t(`cancel.${goes}`, { place })}</Text>
    </Stack>
  );
}
