import { Alert, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { errorText } from '../i18n/words';

/** Why something that was pressed did not happen. */
export function ErrorNote({ error }: { error: Error | null }) {
  const { t } = useTranslation();
  if (error === null) return null;
  const { title, detail, wayOut } = errorText(t, error);
  return (
    <Alert color="red" variant="light" title={title} role="alert" data-testid="error-note">
      {detail !== '' && <Text size="sm">{detail}</Text>}
      {wayOut !== null && (
        <Text size="sm" fw={600}>
          {wayOut}
        </Text>
      )}
    </Alert>
  );
}
