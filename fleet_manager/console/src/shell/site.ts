import { createContext, useContext, useMemo } from 'react';
import type { SiteView } from '../api/types';

export const SiteContext = createContext<SiteView | null>(null);

export function useSite(): SiteView {
  const site = useContext(SiteContext);
  if (site === null) throw new Error('there is no site around this component');
  return site;
}

/** What people call a place; the id where it has no name. */
export function usePlaceName(): (place: string) => string {
  const { places } = useSite();
  return useMemo(() => {
    const names = new Map(places.map((place) => [place.id, place.name]));
    return (place) => names.get(place) ?? place;
  }, [places]);
}
