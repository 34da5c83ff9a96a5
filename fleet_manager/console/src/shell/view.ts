import { useSyncExternalStore } from 'react';

/** The console's pages; the address says which one is open. */
export const VIEWS = ['fleet', 'operator', 'ward', 'facility', 'porter', 'analytics', 'downtime', 'replay'] as const;
export type View = (typeof VIEWS)[number];

/** The robot whose own page the address names: `/r/robot-1`, as on its QR code. */
export function robotOfAddress(): string | null {
  const found = /^\/r\/([^/]+)/.exec(location.pathname)?.[1];
  return found === undefined ? null : decodeURIComponent(found);
}

const addressOf = (view: View): string => (view === 'fleet' ? '/' : `/${view}`);

function viewOfAddress(): View {
  return VIEWS.find((view) => view !== 'fleet' && location.pathname.startsWith(addressOf(view))) ?? 'fleet';
}

function onAddress(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}

export function useRobotPage(): string | null {
  return useSyncExternalStore(onAddress, robotOfAddress);
}

/** The page that is open, and how another one is opened: with a part of it named, such as `#print`. */
export function useView(): [View, (view: View, part?: string) => void] {
  const view = useSyncExternalStore(onAddress, viewOfAddress);
  const show = (wanted: View, part = '') => {
    history.pushState(null, '', addressOf(wanted) + part);
    dispatchEvent(new PopStateEvent('popstate'));
  };
  return [view, show];
}
