import Keycloak from 'keycloak-js';

// From vite.config.
declare const KEYCLOAK_URL: string;
declare const KEYCLOAK_REALM: string;
declare const API_URL: string;

const keycloak = new Keycloak({ url: KEYCLOAK_URL, realm: KEYCLOAK_REALM, clientId: 'my-app-page' });
const isSignedIn = await keycloak.init({ onLoad: 'check-sso', pkceMethod: 'S256' });

/** Calls the API with a token that is valid for half a minute at least. */
async function call(path: string): Promise<string> {
  if (isSignedIn) await keycloak.updateToken(30);
  const headers = new Headers(keycloak.token ? { authorization: `Bearer ${keycloak.token}` } : {});
  const answer = await fetch(`${API_URL}${path}`, { headers });
  return `${answer.status} ${await answer.text()}`;
}

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const show = async (path: string) => {
  byId('answer').textContent = await call(path);
};

byId('person').textContent = isSignedIn
  ? `Signed in as ${keycloak.tokenParsed?.preferred_username}`
  : 'Not signed in';
byId('login').onclick = () => keycloak.login();
byId('logout').onclick = () => keycloak.logout();
byId('me').onclick = () => show('/me');
byId('admin').onclick = () => show('/admin');
// Not before: a click that comes while Keycloak is asked would do nothing.
byId('buttons').hidden = false;
