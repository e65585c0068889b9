import { isServerUrl } from 'keycloak-guard/unstable';
import { toShellWord } from '../terminal/output.ts';
import { type Answer, call, toExcerpt, toWords } from './call.ts';
import { diagnose, type Finding, failOn, judgeStranger, ok, type Say } from './finding.ts';
import type { Caller } from './realm-calls.ts';

export type ServerSearch = Awaited<ReturnType<typeof findServer>>;

/** Looks for Keycloak at an address, and otherwise at the same host with and without the usual paths. */
export async function findServer(serverUrl: string, realm: string, timeoutMs: number) {
  const base = trimUrl(serverUrl);
  const answer = await ask(base, realm, timeoutMs);
  // Below a realm that it does not have, Keycloak says so of every path.
  const isThere = isKeycloak(answer) && isServerUrl(base);
  if (isThere || answer.status === 0) return { isKeycloak: isThere, answer, elsewhere: undefined };
  for (const candidate of nearby(base)) {
    if (isKeycloak(await ask(candidate, realm, timeoutMs)))
      return { isKeycloak: false, answer, elsewhere: candidate };
  }
  return { isKeycloak: false, answer, elsewhere: undefined };
}

/** The same address with no slash at the end and no slash doubled in the path. */
export function trimUrl(serverUrl: string): string {
  const url = new URL(serverUrl);
  return url.origin + url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
}

/** Keycloak is known by a realm's public data, or by its own words about a realm that it does not have. */
function isKeycloak({ status, json }: Answer): boolean {
  if (json === undefined) return false;
  if (status === 200) return typeof json.realm === 'string' && 'token-service' in json;
  return /realm (does not exist|not enabled)|https required/i.test(
    `${json.error} ${json.error_description ?? ''}`,
  );
}

function ask(base: string, realm: string, timeoutMs: number): Promise<Answer> {
  return call(`${base}/realms/${encodeURIComponent(realm)}`, {}, timeoutMs);
}

/** People copy addresses out of the browser: `…/admin/master/console/`, `…/realms/x`; or forget or keep `/auth`. */
function nearby(base: string): string[] {
  const { origin, pathname } = new URL(base);
  const path = pathname.replace(/\/$/, '');
  const cut = path.replace(/\/(admin|realms)(\/.*)?$/, '');
  const paths = [cut, `${cut}/auth`, cut.replace(/\/auth$/, ''), '', '/auth'].filter((one) => one !== path);
  return [...new Set(paths)].map((one) => origin + one);
}

/** An address that only an answer named is for the person to set: a fix by setup would send it the password of the admin. */
export async function judgeServer(
  { isKeycloak: isThere, answer, elsewhere }: ServerSearch,
  { serverUrl, timeoutMs }: Pick<Caller, 'serverUrl' | 'timeoutMs'>,
): Promise<Finding> {
  if (isThere) return ok(`Keycloak answers (${Math.round(answer.tookMs)} ms)`);
  const say = failOn(toWords(answer));
  if (elsewhere !== undefined) return judgePath(serverUrl, elsewhere, say);
  if (answer.status === 0) return judgeSilence(answer, serverUrl, say);
  if (await isManagementPort(serverUrl, timeoutMs))
    return say(
      `${serverUrl} is Keycloak's management port: it serves health and metrics alone`,
      'Use the port for users in KEYCLOAK_SERVER_URL: 8080 for http, 8443 for https (9000 is for management).',
    );
  const location = answer.headers.get('location');
  if (location !== null && URL.canParse(location, answer.url)) {
    const target = new URL(location, answer.url);
    const there = await call(target.href, {}, timeoutMs);
    const base = target.href.replace(/\/realms\/.*$/, '');
    if (isKeycloak(there) && base !== target.href)
      return say(
        `${serverUrl} redirects to ${target.origin}, and there is Keycloak`,
        `KEYCLOAK_SERVER_URL=${toShellWord(base)}`,
      );
    const stranger = target.pathname.includes('/realms/') ? undefined : judgeStranger(answer);
    if (stranger !== undefined) return stranger;
    const { cause, fix } = diagnose({
      status: answer.status,
      url: serverUrl,
      location: new URL(location, serverUrl).origin,
    });
    return say(cause, fix);
  }
  const stranger = [401, 403, 429].includes(answer.status) ? judgeStranger(answer) : undefined;
  if (stranger !== undefined) return stranger;
  if (answer.status >= 500)
    return say(
      `${serverUrl} answers, but is not well (HTTP ${answer.status})`,
      "Look into Keycloak's log. Behind a proxy: a 502, 503 or 504 means that the proxy does not reach Keycloak, or that it is still starting.",
    );
  const server = answer.headers.get('server');
  const who = server ? ` It calls itself '${server}'.` : '';
  const says = toExcerpt(answer.text);
  return say(
    `something answers at ${serverUrl}, but it is not Keycloak.${who}${says && ` It says: ${says}`}`,
    'Look at host, port and path of KEYCLOAK_SERVER_URL, and whether a proxy passes /realms/ on to Keycloak.',
  );
}

function judgePath(serverUrl: string, elsewhere: string, say: Say): Finding {
  const fix = `KEYCLOAK_SERVER_URL=${toShellWord(elsewhere)}`;
  const [has = '', needs] = [serverUrl, elsewhere].map((url) => new URL(url).pathname.replace(/\/$/, ''));
  if (needs === '')
    return say(
      `the path ${has} is too much: Keycloak answers at ${elsewhere} (since Keycloak 17 there is no /auth)`,
      `${fix}\nOr start Keycloak with --http-relative-path=${toShellWord(has)}.`,
    );
  return say(`the path ${needs} is missing: Keycloak answers at ${elsewhere}`, fix);
}

function judgeSilence(answer: Answer, serverUrl: string, say: Say): Finding {
  const isGarbled =
    /HPE_|SOCKET|ECONNRESET|other side closed|UND_ERR_SOCKET|HTTP\/1\.1 protocol|Parse Error/i.test(
      `${answer.failure} ${answer.failureText}`,
    );
  if (isGarbled && serverUrl.startsWith('http:'))
    return say(
      `${serverUrl} takes the connection, but does not answer in HTTP`,
      'Perhaps the port speaks HTTPS: use https:// in KEYCLOAK_SERVER_URL. Or it is the port of something else.',
    );
  const { cause, fix } = diagnose({ status: 0, failure: answer.failure, url: serverUrl });
  return say(cause, fix);
}

async function isManagementPort(serverUrl: string, timeoutMs: number): Promise<boolean> {
  const origin = new URL(serverUrl).origin;
  const health = await call(`${origin}/health/live`, {}, timeoutMs);
  if (health.status === 200 && health.json?.status === 'UP' && Array.isArray(health.json.checks)) return true;
  const metrics = await call(`${origin}/metrics`, {}, timeoutMs);
  return metrics.status === 200 && /^# (HELP|TYPE) .*(jvm|vendor|http_server|base)_/m.test(metrics.text);
}
