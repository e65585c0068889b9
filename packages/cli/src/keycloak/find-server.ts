import { type Answer, call } from './call.ts';

/** The program at an address. */
export interface FoundServer {
  /** Whether Keycloak answers at that address. */
  readonly isKeycloak: boolean;
  /** Answer to `<address>/realms/<realm>`. */
  readonly answer: Answer;
  /** Where Keycloak answers instead: with or without a path. */
  readonly elsewhere: string | undefined;
}

/** Looks for Keycloak at an address, and otherwise at the same host with and without the usual paths. */
export async function findServer(serverUrl: string, realm: string, timeoutMs: number): Promise<FoundServer> {
  const base = trimUrl(serverUrl);
  const answer = await ask(base, realm, timeoutMs);
  if (isKeycloak(answer) || answer.status === 0) {
    return { isKeycloak: isKeycloak(answer), answer, elsewhere: undefined };
  }
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
export function isKeycloak({ status, json }: Answer): boolean {
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
