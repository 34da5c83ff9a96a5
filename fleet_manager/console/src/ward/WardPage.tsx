import { Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PlaceSelect } from '../delivery/PlaceSelect';
import { setPerson, usePerson } from '../people/person';
import { usePlaceName, useSite } from '../shell/site';
import { useFleet, useKnown } from '../stream/context';
import { hasEnded } from '../stream/fleet';
import { Arrivals } from './Arrivals';
import { Quick } from './Quick';
import { ShiftList } from './ShiftList';
import { WardTasks } from './WardTasks';

/** A nurse's page: ask in three taps, see what comes and what was sent, and hand the shift over. */
export function WardPage() {
  const { t } = useTranslation();
  const { places } = useSite();
  const placeName = usePlaceName();
  const person = usePerson();
  const known = useKnown();
  const tasks = useFleet((fleet) => fleet.tasks);
  const ward = places.some(({ id }) => id === person?.ward) ? (person?.ward ?? null) : null;
  const choose = (place: string | null) => setPerson({ id: person?.id ?? 'ward-station', role: 'nurse', ward: place });
  if (ward === null) {
    return (
      <main className="sheet">
        <Stack maw={520} mx="auto" p="md">
          <Title order={1} size="h3">
            {t('ward.choose')}
          </Title>
          <Text size="sm">{t('ward.chooseText')}</Text>
          <PlaceSelect label={t('who.ward')} value={null} onChange={choose} error={false} testid="choose-ward" />
        </Stack>
      </main>
    );
  }
  const mine = Object.values(tasks).filter((task) => !hasEnded(task) && (task.dropoff === ward || task.pickup === ward));
  return (
    <main className="sheet">
      <Stack maw={760} mx="auto" p="md" gap="lg">
        <Title order={1} size="h3" data-testid="ward-name">
          {placeName(ward)}
        </Title>
        <Arrivals tasks={mine} ward={ward} />
        <Quick ward={ward} />
        <WardTasks
          title={t('ward.coming')}
          none={t('ward.comingNone')}
          tasks={mine.filter((task) => task.dropoff === ward)}
          known={known}
          testid="coming"
        />
        <WardTasks
          title={t('ward.sent')}
          none={t('ward.sentNone')}
          tasks={mine.filter((task) => task.pickup === ward && task.dropoff !== ward)}
          known={known}
          testid="sent"
        />
        <ShiftList ward={ward} />
      </Stack>
    </main>
  );
}
