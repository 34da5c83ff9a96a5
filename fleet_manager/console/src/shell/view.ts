import { useSyncExternalStore } from 'react';

/** The console's pages; the address says which one is open. */
export const VIEWS = ['fleet', 'ward', 'facility', 'porter'] as const;
export type View = (typeof VIEWS)[number];

const addressOf = (view: View): string => (view === 'fleet' ? '/' : `/${view}`);

function viewOfAddress(): View {
  return VIEWS.find((view) => view !== 'fleet' && location.pathname.startsWith(addressOf(view))) ?? 'fleet';
}

function onAddress(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}

export function useView(): [View, (view: View) => void] {
  const view = useSyncExternalStore(onAddress, viewOfAddress);
  const show = (wanted: View) => {
    history.pushState(null, '', addressOf(wanted));
    dispatchEvent(new PopStateEvent('popstate'));
  };
  return [view, show];
}
