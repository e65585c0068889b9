import Keycloak from 'keycloak-js';

// From vite.config.
declare const KEYCLOAK_URL: string;
declare const KEYCLOAK_REALM: string;
declare const API_URL: string;

/** The one address to which Keycloak sends people back. It is among the redirect URIs of the client, and no other is. */
const CALLBACK = '/callback';
const RETURN_TO = 'return-to';

export const keycloak = new Keycloak({
  url: KEYCLOAK_URL,
  realm: KEYCLOAK_REALM,
  clientId: 'my-app-page',
});

// A sign-out in another tab or application, too.
keycloak.onAuthLogout = () => location.reload();

/** Finds out whether somebody is signed in, and shows the address again that the page had before. */
export async function start(): Promise<boolean> {
  keepAddress();
  try {
    const redirectUri = location.origin + CALLBACK;
    return await keycloak.init({ onLoad: 'check-sso', pkceMethod: 'S256', redirectUri });
  } catch (error) {
    document.body.innerHTML = '<p>Keycloak does not answer. <a href="">Try again</a></p>';
    throw error;
  } finally {
    if (location.pathname === CALLBACK)
      history.replaceState(null, '', sessionStorage.getItem(RETURN_TO) ?? '/');
  }
}

export function signIn(): Promise<void> {
  keepAddress();
  return keycloak.login();
}

export const signOut = (): Promise<void> => keycloak.logout({ redirectUri: `${location.origin}/` });

/** Calls the API with a token that is valid for half a minute at least. If the session is over, signs in again. */
export async function call(path: string): Promise<string> {
  if (keycloak.authenticated) await keycloak.updateToken(30).catch(signIn);
  const headers = new Headers(keycloak.token ? { authorization: `Bearer ${keycloak.token}` } : {});
  const answer = await fetch(`${API_URL}${path}`, { headers });
  // If Keycloak still renews the token, the refusal has another reason, and a new login would be refused again.
  if (answer.status === 401) await keycloak.updateToken(-1).catch(signIn);
  return `${answer.status} ${await answer.text()}`;
}

/** Path, query and hash, for the way back. Each tab has its own. */
function keepAddress(): void {
  if (location.pathname !== CALLBACK) sessionStorage.setItem(RETURN_TO, location.href);
}
