import '@mantine/core/styles.css';
import './console.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startLanguage } from './i18n';
import { App } from './shell/App';
import { theme } from './shell/theme';
import { StoreContext } from './stream/context';
import { keepLast, lastKnown } from './stream/lastKnown';
import { FleetStore, openStream } from './stream/store';

const store = new FleetStore(openStream);
const before = lastKnown();
if (before !== null) store.restore(before);
keepLast(store.newest);
store.start();
document.addEventListener('visibilitychange', store.checkSilence);

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: true, retryDelay: 2_000, networkMode: 'always' },
    // What is pressed without a network is answered at once, rather than held back in silence.
    mutations: { networkMode: 'always' },
  },
});

await startLanguage();
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <StoreContext.Provider value={store}>
          <App />
        </StoreContext.Provider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
