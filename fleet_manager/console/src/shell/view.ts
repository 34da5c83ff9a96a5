import { useSyncExternalStore } from 'react';

/** The console's pages; the address says which one is open. */
export type View = 'fleet' | 'porter';

function viewOfAddress(): View {
  return location.pathname.startsWith('/porter') ? 'porter' : 'fleet';
}

function onAddress(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}

export function useView(): [View, (view: View) => void] {
  const view = useSyncExternalStore(onAddress, viewOfAddress);
  const show = (wanted: View) => {
    history.pushState(null, '', wanted === 'porter' ? '/porter' : '/');
    dispatchEvent(new PopStateEvent('popstate'));
  };
  return [view, show];
}
