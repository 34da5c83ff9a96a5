import { createContext, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { SiteView } from '../api/types';
import { placeText } from '../i18n/places';

export const SiteContext = createContext<SiteView | null>(null);

export function useSite(): SiteView {
  const site = useContext(SiteContext);
  if (site === null) throw new Error('there is no site around this component');
  return site;
}

/** What people call a place; its id in words where it has no name. */
export function usePlaceName(): (place: string) => string {
  const { t } = useTranslation();
  const { places } = useSite();
  return useMemo(() => {
    const names = new Map(places.map((place) => [place.id, place.name]));
    return (place) => placeText(t, names.get(place) ?? place);
  }, [places, t]);
}
