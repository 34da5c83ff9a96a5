import './replay.css';
import { Loader, Stack, Text } from '@mantine/core';
import { memo, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { getReplay } from '../api/client';
import { FleetMap } from '../map/FleetMap';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { StoreContext, useStore } from '../stream/context';
import { lastBefore } from './frames';
import { Happenings } from './Happenings';
import { Player } from './player';
import { SpanForm, type Span } from './SpanForm';
import { Timeline, type Speed } from './Timeline';

const TICK_MS = 100;
const TEN_MINUTES_MS = 600_000;

/** Any hour of the past on the same map, with what happened; never to be taken for the present. */
export function ReplayPage() {
  const { t } = useTranslation();
  const present = useStore();
  const [span, setSpan] = useState<Span>(() => ({ begin: present.now() - TEN_MINUTES_MS, end: present.now() }));
  return (
    <main className="replay">
      <h1 className="unseen">{t('page.replay')}</h1>
      <SpanForm now={present.now} onSpan={setSpan} />
      <Recorded key={`${span.begin}-${span.end}`} span={span} />
    </main>
  );
}

function Recorded({ span }: { span: Span }) {
  const { t } = useTranslation();
  const [player] = useState(() => new Player(span.begin, span.end));
  const { loaded, error } = useLoading(player);
  if (!player.empty) {
    return (
      <StoreContext.Provider value={player}>
        <ErrorNote error={error} />
        <Showing player={player} loaded={loaded} />
      </StoreContext.Provider>
    );
  }
  return (
    <Stack align="center" p="xl" data-testid="replay-empty">
      {!loaded && <Loader />}
      {error === null && loaded && <Empty title={t('replay.none')}>{t('replay.noneText')}</Empty>}
      <ErrorNote error={error} />
    </Stack>
  );
}

interface Loading {
  readonly loaded: boolean;
  readonly error: Error | null;
}

/** Fetch a recording, answer after answer; what is there can be shown while the rest is on its way. */
function useLoading(player: Player): Loading {
  const [state, setState] = useState<Loading>({ loaded: false, error: null });
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const load = async () => {
      let from: string | null = new Date(player.begin).toISOString();
      while (from !== null && !signal.aborted) {
        const answer = await getReplay(from, new Date(player.end).toISOString());
        player.add(answer);
        from = answer.next;
        setState({ loaded: from === null, error: null });
      }
    };
    load().catch((error: unknown) => {
      if (!signal.aborted) setState({ loaded: true, error: error instanceof Error ? error : new Error(String(error)) });
    });
    return () => leaving.abort();
  }, [player]);
  return state;
}

function Showing({ player, loaded }: { player: Player; loaded: boolean }) {
  const { t, i18n } = useTranslation();
  const [at, setAt] = useState(player.now);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>('1');
  const seek = useCallback(
    (moment: number) => {
      player.seek(moment);
      setAt(player.now());
    },
    [player],
  );
  usePlaying(playing, Number(speed), player, seek, () => setPlaying(false));
  const phase = useSyncExternalStore(player.subscribe, () => player.current().phase);
  const passed = lastBefore(player.happenings, ({ time }) => Date.parse(time), at) + 1;
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
  const toggle = (event: React.KeyboardEvent) => {
    const pressable = event.target instanceof Element && event.target.closest('button, input:not([type=range]), label');
    if (event.key !== ' ' || pressable) return;
    event.preventDefault();
    setPlaying(!playing);
  };
  return (
    <div className="replay-shown" onKeyDown={toggle} data-testid="replay" data-playing={playing}>
      <div className="map-side">
        <PastMap player={player} />
        <Text className="replay-past" fw={700} data-testid="replay-past">
          {t('replay.past', { time: day })}
        </Text>
        {phase === 'lost' && loaded && (
          <Text className="replay-gap" role="status" data-testid="replay-gap">
            {t('replay.gap')}
          </Text>
        )}
      </div>
      <Timeline
        begin={player.begin}
        end={player.end}
        at={at}
        onAt={seek}
        playing={playing}
        onPlaying={(play) => {
          if (play && at >= player.end) seek(player.begin);
          setPlaying(play);
        }}
        speed={speed}
        onSpeed={setSpeed}
        happenings={player.happenings}
      />
      <div className="replay-list">
        <Happenings happenings={player.happenings} passed={passed} known={player} onAt={seek} />
        {!loaded && <Loader m="md" />}
      </div>
    </div>
  );
}

/** Go on from tick to tick, and stop at the end. */
function usePlaying(playing: boolean, speed: number, player: Player, seek: (moment: number) => void, onEnd: () => void): void {
  const ended = useRef(onEnd);
  useEffect(() => {
    ended.current = onEnd;
  });
  useEffect(() => {
    if (!playing) return undefined;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      seek(player.now() + (now - last) * speed);
      last = now;
      if (player.now() >= player.end) ended.current();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [playing, speed, player, seek]);
}

const PastMap = memo(function PastMap({ player }: { player: Player }) {
  const [robot, setRobot] = useState<string | null>(null);
  const closures = useSyncExternalStore(player.subscribe, player.closures);
  return <FleetMap robot={robot} onRobot={setRobot} closures={closures} past />;
});
