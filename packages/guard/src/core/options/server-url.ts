/**
 * Whether a string is the address of a Keycloak server, with or without a path such as `/auth`. The one definition:
 * library, service and command line take and refuse the same.
 */
export function isServerUrl(value: unknown): value is string {
  return isPlainUrl(value) && !A_REALM.test(new URL(value).pathname);
}

/** Whether a string is an http or https URL without query, fragment and credentials, as an issuer is (RFC 8414 §2). */
export function isPlainUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s\\]+$/i.test(value) || !URL.canParse(value))
    return false;
  const { search, hash, username, password } = new URL(value);
  return search + hash + username + password === '';
}

/**
 * The server URL that a string probably stands for: it was copied from the browser or from a discovery document,
 * or its scheme is missing. Credentials are never in it. `undefined` if it cannot be guessed.
 */
export function mendServerUrl(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `${isLocal(text) ? 'http' : 'https'}://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const { origin, pathname } = new URL(whole);
  const mended = (origin + pathname.replace(A_REALM, '').replace(ADMIN_CONSOLE, '')).replace(/\/+$/, '');
  // Everything before an @ may be a password.
  return isServerUrl(mended) && !mended.includes('@') ? mended : undefined;
}

/** Pages and documents of a realm. */
const A_REALM = /\/+realms(\/.*)?$/;
const ADMIN_CONSOLE = /\/+admin\/+[^/]+\/+console(\/.*)?$/;

function isLocal(text: string): boolean {
  return /^([^@/]*@)?(localhost|127\.|\[::1\])|:\d+/.test(text);
}
