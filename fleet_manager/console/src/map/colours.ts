/** Colours of the map, for the light and the dark console. */
export interface MapColours {
  readonly text: string;
  readonly halo: string;
  readonly wall: string;
  readonly floor: string;
  readonly lane: string;
  readonly place: string;
  readonly doorOpen: string;
  readonly doorClosed: string;
  readonly charger: string;
  readonly lift: string;
  readonly liftHere: string;
  readonly route: string;
  /** One robot after the other, so that neighbours' routes are told apart. */
  readonly routes: readonly string[];
  readonly waits: string;
  readonly needsPerson: string;
  readonly outside: string;
  readonly closed: string;
  readonly closedGround: string;
  readonly zones: Readonly<Record<string, string>>;
}

export const LIGHT: MapColours = {
  text: '#1c2a33',
  halo: '#ffffff',
  wall: '#495057',
  floor: '#ffffff',
  lane: 'rgba(73, 102, 120, 0.22)',
  place: '#5c7482',
  doorOpen: '#2f9e44',
  doorClosed: '#e8590c',
  charger: '#66a80f',
  lift: '#dee2e6',
  liftHere: '#96f2d7',
  route: '#1971c2',
  routes: ['#1971c2', '#c2255c', '#2b8a3e', '#862e9c', '#d9480f', '#0b7285', '#5f3dc4', '#846800'],
  waits: '#1c2a33',
  needsPerson: '#e8590c',
  outside: 'rgba(73, 102, 120, 0.08)',
  closed: '#c92a2a',
  closedGround: 'rgba(201, 42, 42, 0.16)',
  zones: {
    clean: 'rgba(56, 178, 132, 0.20)',
    semi_contaminated: 'rgba(245, 190, 60, 0.24)',
    contaminated: 'rgba(240, 120, 60, 0.28)',
    isolation: 'rgba(200, 60, 110, 0.26)',
    protective: 'rgba(64, 130, 230, 0.20)',
    restricted: 'rgba(120, 120, 130, 0.30)',
  },
};

export const DARK: MapColours = {
  text: '#e6edf1',
  halo: '#14181c',
  wall: '#8a97a1',
  floor: '#1b2127',
  lane: 'rgba(170, 195, 210, 0.20)',
  place: '#90a4b0',
  doorOpen: '#51cf66',
  doorClosed: '#ff922b',
  charger: '#a9e34b',
  lift: '#343a40',
  liftHere: '#0b6b57',
  route: '#4dabf7',
  routes: ['#4dabf7', '#f783ac', '#69db7c', '#da77f2', '#ffa94d', '#3bc9db', '#b197fc', '#ffe066'],
  waits: '#e6edf1',
  needsPerson: '#fd7e14',
  outside: 'rgba(170, 195, 210, 0.07)',
  closed: '#ff8787',
  closedGround: 'rgba(255, 107, 107, 0.20)',
  zones: {
    clean: 'rgba(56, 200, 150, 0.20)',
    semi_contaminated: 'rgba(245, 190, 60, 0.20)',
    contaminated: 'rgba(250, 130, 70, 0.26)',
    isolation: 'rgba(230, 80, 140, 0.26)',
    protective: 'rgba(90, 150, 250, 0.22)',
    restricted: 'rgba(150, 150, 160, 0.28)',
  },
};
