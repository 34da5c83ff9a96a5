import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** One question in front of everything else; on a phone it fills the screen. */
export function Dialog({ title, onClose, children, wide = false }: Props) {
  const { t } = useTranslation();
  const phone = useMediaQuery('(max-width: 600px)');
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      fullScreen={phone}
      size={wide ? 'xl' : 'md'}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
      attributes={{ header: { role: 'none' } }}
      styles={{ title: { fontWeight: 700 } }}
    >
      {children}
    </Modal>
  );
}
