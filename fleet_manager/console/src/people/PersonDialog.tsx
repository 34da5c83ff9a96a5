import { Button, Select, Stack, Text, TextInput } from '@mantine/core';
import { useContext, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { PlaceSelect } from '../delivery/PlaceSelect';
import { SiteContext } from '../shell/site';
import { Dialog } from '../tasks/Dialog';
import { ROLES, setPerson, usePerson, type Role } from './person';

/** Who is at this console: name, role and ward. There are no passwords here; the hospital's own sign-on stands before. */
export function PersonDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const known = usePerson();
  const siteKnown = useContext(SiteContext) !== null;
  const [name, setName] = useState(known?.id ?? '');
  const [role, setRole] = useState<Role>(known?.role ?? 'nurse');
  const [ward, setWard] = useState<string | null>(known?.ward ?? null);
  const save = () => {
    setPerson(name.trim() === '' ? null : { id: name.trim(), role, ward });
    onClose();
  };
  return (
    <Dialog title={t('who.title')} onClose={onClose}>
      <Stack>
        <Text size="sm">{t('who.text')}</Text>
        <TextInput
          label={t('who.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          data-autofocus
          data-testid="person-name"
        />
        <Select
          label={t('who.role')}
          data={ROLES.map((value) => ({ value, label: t(`who.${value}`) }))}
          value={role}
          onChange={(value) => setRole((value) ?? 'nurse')}
          allowDeselect={false}
          styles={{ option: { minHeight: 44 } }}
          data-testid="person-role"
        />
        {siteKnown && (
          <PlaceSelect label={t('who.ward')} value={ward} onChange={setWard} error={false} testid="person-ward" />
        )}
        <Button onClick={save} data-testid="person-save">
          {t('who.save')}
        </Button>
      </Stack>
    </Dialog>
  );
}
