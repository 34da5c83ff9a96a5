import { ActionIcon, Button, Menu, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { LANGUAGES } from '../i18n';
import { PersonDialog } from '../people/PersonDialog';
import { usePerson } from '../people/person';
import { ConnectionBadge, PastBadge } from './ConnectionState';
import { Icon } from './icons';
import { VIEWS, type View } from './view';

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
  const person = usePerson();
  const [asking, ask] = useDisclosure();
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
      {view === 'replay' ? <PastBadge /> : <ConnectionBadge />}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button variant="default" px="sm" leftSection={<Icon shape="menu" />} data-testid="pages">
            {t(`page.${view}`)}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {VIEWS.map((one) => (
            <Menu.Item
              key={one}
              mih={44}
              onClick={() => onView(one)}
              data-testid={`page-${one}`}
              {...(one === view && { 'aria-current': 'page' as const, fw: 700 })}
            >
              {t(`page.${one}`)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item mih={44} onClick={ask.open} data-testid="who">
            {person === null ? t('who.nobody') : t('who.known', { who: person.id })}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button
        variant="default"
        px="sm"
        lang={next.tag}
        aria-label={`${next.short} · ${t('app.language')}: ${next.label}`}
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
      {asking && <PersonDialog onClose={ask.close} />}
    </header>
  );
}
