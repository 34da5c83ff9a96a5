import { Button, Group, Paper, Popover, Stack, Switch, Text, useComputedColorScheme } from '@mantine/core';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { word } from '../i18n/words';
import { useSite } from '../shell/site';
import { DARK, LIGHT } from './colours';

interface Props {
  traffic: boolean;
  onTraffic: (shown: boolean) => void;
}

/** What can be shown, and what the colours mean; only the zone classes that this site has. */
export const Legend = memo(function Legend({ traffic, onTraffic }: Props) {
  const { t } = useTranslation();
  const { levels } = useSite();
  const colours = useComputedColorScheme('light') === 'dark' ? DARK : LIGHT;
  const present = new Set(
    levels.flatMap((level) =>
      (level.features['features'] as { properties: { zone_class?: string } }[]).map((f) => f.properties.zone_class),
    ),
  );
  const zones = Object.entries(colours.zones).filter(([zone]) => present.has(zone));
  return (
    <Popover position="bottom-end" withinPortal={false} trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" px="sm">
          {t('map.legend')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown component={Paper}>
        <Stack gap={6} maw={320}>
          <Switch
            checked={traffic}
            onChange={(event) => onTraffic(event.currentTarget.checked)}
            label={t('map.traffic')}
            description={t('map.trafficText')}
            mih={44}
            data-testid="traffic"
          />
          {zones.map(([zone, colour]) => (
            <Entry key={zone} colour={colour} text={word(t, 'zone', zone)} />
          ))}
          <Entry colour={colours.doorOpen} text={t('map.doorOpen')} />
          <Entry colour={colours.doorClosed} text={t('map.doorClosed')} />
          <Entry colour={colours.closedGround} text={t('map.closed')} />
          <Entry colour={colours.charger} text={t('map.charger')} />
          <Entry colour={colours.route} text={t('map.allocated')} />
          <Entry
            colour={`repeating-linear-gradient(90deg, ${colours.route} 0 4px, transparent 4px 8px)`}
            text={t('map.claimed')}
          />
          <Badge colour={colours.waits} ink={colours.halo} sign="…" text={t('map.waits')} />
          <Badge colour={colours.needsPerson} ink="#ffffff" sign="!" text={t('map.needsPerson')} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
});

function Badge({ colour, ink, sign, text }: { colour: string; ink: string; sign: string; text: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <span className="swatch swatch-sign" style={{ background: colour, color: ink }} aria-hidden>
        {sign}
      </span>
      <Text size="sm">{text}</Text>
    </Group>
  );
}

function Entry({ colour, text }: { colour: string; text: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <span className="swatch" style={{ background: colour }} />
      <Text size="sm">{text}</Text>
    </Group>
  );
}
