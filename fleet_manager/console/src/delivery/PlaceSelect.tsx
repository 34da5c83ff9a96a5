import { Select } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { usePlaceName, useSite } from '../shell/site';

const MOST_SHOWN = 150;

interface Props {
  label: string;
  value: string | null;
  onChange: (place: string | null) => void;
  error: string | boolean;
  testid: string;
}

/** The site's named places, grouped by level, found by typing any part of the name. */
export function PlaceSelect({ label, value, onChange, error, testid }: Props) {
  const { t } = useTranslation();
  const { levels, places } = useSite();
  const placeName = usePlaceName();
  const groups = useMemo(
    () =>
      levels
        .map((level) => ({
          group: level.id,
          items: places
            .filter((place) => place.level === level.id && !place.charger)
            .map((place) => ({ value: place.id, label: placeName(place.id) }))
            .sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true })),
        }))
        .filter(({ items }) => items.length > 0),
    [levels, places, placeName],
  );
  return (
    <Select
      label={label}
      placeholder={t('request.choosePlace')}
      data={groups}
      value={value}
      onChange={onChange}
      error={error}
      searchable
      limit={MOST_SHOWN}
      selectFirstOptionOnChange
      clearable
      clearButtonProps={{ 'aria-label': t('app.close') }}
      nothingFoundMessage={t('request.noPlace')}
      maxDropdownHeight={320}
      styles={{ option: { minHeight: 44 } }}
      data-testid={testid}
    />
  );
}
