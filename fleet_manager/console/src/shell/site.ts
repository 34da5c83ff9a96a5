import type { TFunction } from 'i18next';
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
  const { t, i18n } = useTranslation();
  const { places } = useSite();
  const { language } = i18n;
  return useMemo(() => namesOf(places, language, t), [places, language, t]);
}

type Names = (place: string) => string;

const known = new WeakMap<SiteView['places'], Map<string, Names>>();

/** One for all that ask: hundreds of cards name places, again and again. */
function namesOf(places: SiteView['places'], language: string, t: TFunction): Names {
  const byLanguage = known.get(places) ?? new Map<string, Names>();
  known.set(places, byLanguage);
  let names = byLanguage.get(language);
  if (names === undefined) {
    const given = new Map(places.map((place) => [place.id, place.name]));
    const said = new Map<string, string>();
    names = (place) => {
      let text = said.get(place);
      if (text === undefined) said.set(place, (text = placeText(t, given.get(place) ?? place)));
      return text;
    };
    byLanguage.set(language, names);
  }
  return names;
}
