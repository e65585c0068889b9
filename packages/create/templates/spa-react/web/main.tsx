import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { start } from './keycloak.ts';

const isSignedIn = await start();
// After the start: a router reads the address that the page had before the sign-in.
createRoot(document.getElementById('root') as HTMLElement).render(<App isSignedIn={isSignedIn} />);
