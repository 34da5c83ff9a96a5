import type { TFunction } from 'i18next';
import { NoAnswer, Refused } from '../api/client';
import type { AlertView, ReasonView } from '../api/types';
import { placeText, withoutIds } from './places';

/** A word of a group for a code that the fleet manager sent; the code itself when there is none. */
export function word(t: TFunction, group: 'robot' | 'mode' | 'alert' | 'alertKind' | 'zone', code: string): string {
  return t(`${group}.${code}` as 'app.name', { defaultValue: code });
}

export function reasonText(t: TFunction, reason: ReasonView): string {
  return t(`reason.${reason.code}` as 'app.name', { defaultValue: withoutIds(t, reason.text) });
}

export function alertText(t: TFunction, alert: AlertView): string {
  return t(`alertText.${alert.kind}` as 'app.name', {
    subject: placeText(t, alert.subject),
    defaultValue: withoutIds(t, alert.text),
  });
}

export function alertNext(t: TFunction, alert: AlertView): string {
  return t(`alertNext.${alert.kind}` as 'app.name', { defaultValue: withoutIds(t, alert.next_step) });
}

/** What went wrong and what can be done, for people. */
export function errorText(t: TFunction, error: unknown): { title: string; detail: string; wayOut: string | null } {
  if (error instanceof Refused) {
    const { type, title, detail, way_out } = error.problem;
    const slug = type.split(':').at(-1) ?? '';
    return {
      title: t(`problem.${slug}` as 'app.name', { defaultValue: title }),
      detail: withoutIds(t, detail),
      wayOut: way_out === null ? null : withoutIds(t, way_out),
    };
  }
  const detail = error instanceof NoAnswer ? '' : String(error);
  return { title: t('task.noAnswer'), detail, wayOut: null };
}
