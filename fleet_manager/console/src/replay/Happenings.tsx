import { UnstyledButton } from '@mantine/core';
import { memo, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Happening } from '../api/types';
import { clockSeconds } from '../i18n/time';
import { Empty } from '../shell/Empty';
import { usePlaceName } from '../shell/site';
import { happeningText, markOf, type Known } from './words';

interface Props {
  happenings: readonly Happening[];
  /** How many of them have happened by now. */
  passed: number;
  known: Known;
  onAt: (moment: number) => void;
}

/** What happened, in order of time; it follows the moment that is shown, and leads to any other. */
export const Happenings = memo(function Happenings({ happenings, passed, known, onAt }: Props) {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  const newest = useRef<HTMLLIElement>(null);
  useEffect(() => {
    newest.current?.scrollIntoView({ block: 'nearest' });
  }, [passed]);
  if (happenings.length === 0) return <Empty title={t('replay.quiet')}>{t('replay.quietText')}</Empty>;
  return (
    <ol className="happenings" aria-label={t('replay.happened')} data-testid="happenings">
      {happenings.map((one, index) => (
        <li key={one.seq} ref={index === passed - 1 ? newest : null} data-passed={index < passed}>
          <UnstyledButton
            className="happening"
            data-mark={markOf(one)}
            onClick={() => onAt(Date.parse(one.time))}
            {...(index === passed - 1 && { 'aria-current': 'true' as const })}
            data-testid={`happening-${one.kind}`}
          >
            <time dateTime={one.time}>{clockSeconds(i18n.language, Date.parse(one.time))}</time>
            <span>{happeningText(t, one, known, placeName)}</span>
          </UnstyledButton>
        </li>
      ))}
    </ol>
  );
});
