import { RECHECK_MS } from '../machines/cluster.ts';
import { CLIENT, PASSWORD, REALM, USERS } from '../machines/realm.ts';
import { openBrowser } from './browser.ts';
import { type Answer, send } from './http.ts';
import type { Kind, Phase, Tally } from './tally.ts';
import { credentialsOf, expectedStatus, type Visit } from './visit.ts';
import type { Visits } from './visits.ts';

/** A logout counts at every replica within this time. Unit: milliseconds. */
export const SHARED_WITHIN_MS = 100;

/** What all actions have before them. */
export interface Scene {
  /** Of nginx. */
  readonly url: string;
  readonly keycloakUrl: string;
  readonly visits: Visits;
  readonly tally: Tally;
  phase: Phase;
  /** As `performance.now()`. */
  phaseBeganAt: number;
}

/** A logout that was shared is refused at once; else at the latest when Keycloak is asked again. */
function endVisit(scene: Scene, visit: Visit, isShared: boolean): void {
  const now = performance.now();
  // A fault may outlast its repair: it is quiet when it has been for a moment.
  const isQuiet = scene.phase.isQuiet && now - scene.phaseBeganAt > 2_000;
  visit.state = 'ended';
  visit.refusedFrom = now + (isShared && isQuiet ? SHARED_WITHIN_MS : RECHECK_MS + 10_000);
}

function fail(scene: Scene, kind: Kind, answer: Answer, phase: Phase): void {
  // What began under a fault, or ended under one, is the fault's.
  scene.tally.fail(kind, answer, phase.isQuiet ? scene.phase : phase);
}

export async function login(scene: Scene): Promise<void> {
  const { url, visits, tally, phase } = scene;
  const user = USERS[Math.floor(Math.random() * USERS.length)] as string;
  const answer = await send(`${url}/login`, { form: { username: user, password: PASSWORD } });
  tally.count('POST /login', answer);
  if (answer.status !== 200) return fail(scene, 'POST /login', answer, phase);
  visits.add({ ...emptyVisit('bearer', user), ...readTokens(answer) });
}

export async function signIn(scene: Scene): Promise<void> {
  const { url, visits, tally, phase } = scene;
  const user = USERS[Math.floor(Math.random() * USERS.length)] as string;
  const browser = openBrowser();
  const answer = await browser.signIn(url, user, PASSWORD);
  tally.count('sign-in with the browser', answer);
  const cookie = browser.cookiesFor(url);
  if (answer.status !== 303 || cookie === '') {
    return fail(scene, 'sign-in with the browser', answer, phase);
  }
  const visit = { ...emptyVisit('cookie', user), cookie, expiresAt: Number.POSITIVE_INFINITY };
  visits.add(visit);
  browsers.set(visit, browser);
}

const browsers = new WeakMap<Visit, ReturnType<typeof openBrowser>>();

export async function refresh(scene: Scene): Promise<void> {
  const { url, tally, phase } = scene;
  const visit = scene.visits.pickToRefresh();
  if (visit === undefined) return;
  visit.isRefreshing = true;
  const answer = await send(`${url}/refresh`, { form: { refresh_token: visit.refreshToken ?? '' } });
  visit.isRefreshing = false;
  tally.count('POST /refresh', answer);
  if (visit.state !== 'live') tally.between++;
  else if (answer.status === 200) Object.assign(visit, readTokens(answer));
  else {
    if (answer.status === 401) {
      tally.signedOutWrongly.push(`POST /refresh, ${phase.name}: ${visit.user}`);
      visit.state = 'unknown';
    }
    fail(scene, 'POST /refresh', answer, phase);
  }
}

export async function logout(scene: Scene): Promise<void> {
  const { url, visits, tally, phase } = scene;
  const visit = visits.pickLive('bearer', ({ isRefreshing }) => !isRefreshing);
  if (visit === undefined) return;
  visit.state = 'ending';
  const answer = await send(`${url}/logout`, { form: { refresh_token: visit.refreshToken ?? '' } });
  tally.count('POST /logout', answer);
  if (answer.status === 204) return endVisit(scene, visit, true);
  fail(scene, 'POST /logout', answer, phase);
  // The session is over in Keycloak; the other replicas find out by asking.
  if (answer.detail === 'Logout could not be shared') endVisit(scene, visit, false);
  else visit.state = 'unknown';
}

/** Another application logs the user out: Keycloak tells this one. */
export async function logoutAtKeycloak(scene: Scene): Promise<void> {
  const { keycloakUrl, visits, tally, phase } = scene;
  const visit = visits.pickLive('bearer', ({ isRefreshing }) => !isRefreshing);
  if (visit === undefined) return;
  visit.state = 'ending';
  const answer = await send(`${keycloakUrl}/realms/${REALM}/protocol/openid-connect/logout`, {
    form: { client_id: CLIENT.id, client_secret: CLIENT.secret, refresh_token: visit.refreshToken ?? '' },
  });
  const kind = 'logout at Keycloak';
  tally.count(kind, answer);
  if (answer.status === 204) return endVisit(scene, visit, phase.isQuiet);
  fail(scene, kind, { ...answer, detail: `at Keycloak: ${answer.detail || answer.status}` }, phase);
  visit.state = 'unknown';
}

export async function signOut(scene: Scene): Promise<void> {
  const { url, visits, tally, phase } = scene;
  const visit = visits.pickLive('cookie');
  if (visit === undefined) return;
  visit.state = 'ending';
  const browser = browsers.get(visit);
  const headers = { cookie: visit.cookie ?? '', 'sec-fetch-site': 'same-origin' };
  const answer = await send(`${url}/auth/logout`, { method: 'POST', headers });
  tally.count('sign-out in the browser', answer);
  if (answer.status !== 303) {
    fail(scene, 'sign-out in the browser', answer, phase);
    visit.state = 'unknown';
    return;
  }
  endVisit(scene, visit, true);
  if (answer.headers.location !== undefined && !answer.headers.location.startsWith(url)) {
    await browser?.visit(answer.headers.location);
  }
}

export async function callProtected(scene: Scene, kind: 'bearer' | 'cookie'): Promise<void> {
  const visit = scene.visits.pickLive(kind);
  if (visit === undefined) return;
  await check(scene, visit, kind === 'bearer' ? 'GET /protected, token' : 'GET /protected, cookie');
}

export async function callLoggedOut(scene: Scene): Promise<void> {
  const visit = scene.visits.pickEnded();
  if (visit !== undefined) await check(scene, visit, 'GET /protected, logged out');
}

/** @param at another address than that of nginx */
export async function check(scene: Scene, visit: Visit, kind: Kind, at = scene.url): Promise<void> {
  const { tally, phase } = scene;
  const sent = { state: visit.state, at: performance.now() };
  const answer = await send(`${at}/protected`, { headers: credentialsOf(visit) });
  tally.count(kind, answer);
  const expected = expectedStatus(visit, sent);
  if (expected === undefined) tally.between++;
  else if (answer.status !== expected) {
    const where = `${kind}, ${phase.name}: ${visit.user} at ${new URL(at).port}`;
    if (answer.status === 401) tally.signedOutWrongly.push(where);
    if (answer.status === 200) tally.letInWrongly.push(where);
    fail(scene, kind, answer, phase);
    // One mistake is reported once.
    if (answer.status === 401 || answer.status === 200) visit.state = 'unknown';
  }
}

function emptyVisit(kind: Visit['kind'], user: string): Visit {
  return {
    ...{ kind, user, accessToken: undefined, refreshToken: undefined, cookie: undefined },
    ...{ expiresAt: 0, beganAt: performance.now(), state: 'live', refusedFrom: 0, isRefreshing: false },
  };
}

function readTokens(answer: Answer): Pick<Visit, 'accessToken' | 'refreshToken' | 'expiresAt'> {
  const tokens = JSON.parse(answer.body) as Record<string, never>;
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAt: answer.sentAt + tokens.expires_in! * 1000,
  };
}
