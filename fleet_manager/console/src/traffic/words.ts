import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView, WaitingFor } from '../api/types';
import { lasting } from '../i18n/time';
import { loads } from '../robots/state';
import { usePlaceName } from '../shell/site';
import type { EtaMove } from '../tasks/eta';
import { isRoom, thingOf } from './resource';

type Places = (place: string) => string;

/** What is waited for and who holds it; at a hand-over it is a person. */
export function waitingText(t: TFunction, wait: WaitingFor, task: TaskView | undefined, place: Places): string {
  const held = wait.held_by !== null;
  const words = { what: place(thingOf(wait)), who: wait.held_by ?? '' };
  switch (wait.kind) {
    case 'person':
      if (task?.zone != null) return t('wait.confirmation', words);
      return t(task !== undefined && loads(task) ? 'task.waitingLoad' : 'task.waitingReceive', { place: words.what });
    case 'lift':
      return t(held ? 'wait.liftHeld' : 'wait.lift', words);
    case 'door':
      return t('wait.door');
    case 'crossing':
      return t('wait.crossing');
    case 'set_time':
      return t('wait.set_time', words);
    case 'closure':
      return t('wait.closure');
    case 'way':
      if (isRoom(wait)) return t(held ? 'wait.roomHeld' : 'wait.room', words);
      return t(held ? 'wait.wayHeld' : 'wait.way', words);
  }
}

/** Why the ETA is another than it was. */
export function etaText(t: TFunction, language: string, { why }: EtaMove, place: Places): string {
  if (typeof why === 'string') return t(`eta.${why}`);
  const { kind, held_by: holder } = why.wait;
  const words = { what: place(thingOf(why.wait)), who: holder ?? '', time: lasting(language, why.ms) };
  return t(kind === 'way' && holder !== null ? 'eta.wayHeld' : `eta.${kind}`, words);
}

export interface TrafficWords {
  readonly waiting: (wait: WaitingFor, task: TaskView | undefined) => string;
  readonly eta: (move: EtaMove) => string;
}

/** These words in the language of the page, for the places of this site. */
export function useTrafficWords(): TrafficWords {
  const { t, i18n } = useTranslation();
  const place = usePlaceName();
  const { language } = i18n;
  return useMemo(
    () => ({
      waiting: (wait, task) => waitingText(t, wait, task, place),
      eta: (move) => etaText(t, language, move, place),
    }),
    [t, language, place],
  );
}
