import { call, keycloak, signIn, signOut, start } from './keycloak.ts';

const isSignedIn = await start();

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const show = async (path: string) => {
  byId('answer').textContent = await call(path);
};

byId('person').textContent = isSignedIn
  ? `Signed in as ${keycloak.tokenParsed?.preferred_username}`
  : 'Not signed in';
byId('login').onclick = signIn;
byId('logout').onclick = signOut;
byId('me').onclick = () => show('/me');
byId('admin').onclick = () => show('/admin');
byId('login').hidden = isSignedIn;
byId('logout').hidden = !isSignedIn;
// Not before: a click that comes while Keycloak is asked would do nothing.
byId('buttons').hidden = false;
