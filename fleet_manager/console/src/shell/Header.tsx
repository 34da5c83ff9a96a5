import { ActionIcon, Button, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LANGUAGES } from '../i18n';
import { ConnectionBadge } from './ConnectionState';
import { Icon } from './icons';
import type { View } from './view';

interface Props {
  siteName: string;
  view: View;
  onView: (view: View) => void;
}

export function Header({ siteName, view, onView }: Props) {
  const { t, i18n } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const next = LANGUAGES.find(({ value }) => value !== i18n.language) ?? LANGUAGES[0];
  const other: View = view === 'porter' ? 'fleet' : 'porter';
  return (
    <header className="header">
      <div className="header-name">
        <img src="/favicon.svg" alt="" />
        <Text fw={700} visibleFrom="xs">
          {t('app.name')}
        </Text>
        <Text c="dimmed" className="header-site" data-testid="site-name" title={siteName}>
          {siteName}
        </Text>
      </div>
      <ConnectionBadge />
      <Button
        variant="default"
        px="sm"
        onClick={() => onView(other)}
        leftSection={<Icon shape={other === 'porter' ? 'person' : 'map'} />}
        visibleFrom="sm"
      >
        {t(other === 'porter' ? 'app.porterPage' : 'app.fleetPage')}
      </Button>
      <ActionIcon
        hiddenFrom="sm"
        onClick={() => onView(other)}
        aria-label={t(other === 'porter' ? 'app.porterPage' : 'app.fleetPage')}
      >
        <Icon shape={other === 'porter' ? 'person' : 'map'} />
      </ActionIcon>
      <Button
        variant="default"
        px="sm"
        lang={next.tag}
        aria-label={`${t('app.language')}: ${next.label}`}
        onClick={() => void i18n.changeLanguage(next.value)}
        data-testid="language"
      >
        {next.short}
      </Button>
      <ActionIcon
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        aria-label={t(dark ? 'app.light' : 'app.dark')}
        data-testid="colour-scheme"
      >
        <Icon shape={dark ? 'sun' : 'moon'} />
      </ActionIcon>
    </header>
  );
}
