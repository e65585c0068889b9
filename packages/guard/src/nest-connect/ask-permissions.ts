import { AuthError, type Issuer } from '../core/index.ts';
import { fetchBounded } from '../core/internal.ts';

/** One question to Keycloak's authorization services. */
export interface PermissionQuestion {
  readonly issuer: Issuer;
  /** Client that the resource belongs to. */
  readonly audience: string;
  /** Of whoever asks for access. */
  readonly token: string;
  readonly resource: string;
  /** All of them have to be granted. */
  readonly scopes: readonly string[];
  readonly claims?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly fetch: typeof fetch;
  /** Unit: milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Whether Keycloak grants every scope. An answer that is good is not enough: each scope has to be in it, for Keycloak names
 * what it grants and leaves out the rest.
 *
 * @throws {AuthError} `provider_misconfigured` where Keycloak knows no such resource, `token_revoked` where the token is not
 * good any more, `provider_unavailable`
 * @see Keycloak, Authorization Services Guide, "Obtaining Permissions"
 */
export async function askPermissions(question: PermissionQuestion): Promise<boolean> {
  const { issuer, token, resource, scopes, fetch, timeoutMs } = question;
  const url = issuer.endpoints.token;
  const { status, body } = await fetchBounded(url, {
    fetch,
    timeoutMs,
    what: 'permissions',
    secrets: [token],
    init: {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: toForm(question),
    },
  });
  if (status === 200) {
    const granted = scopesGranted(body, resource);
    return scopes.every((scope) => granted.has(scope));
  }
  if (status === 403) return false;
  if (status === 401)
    throw new AuthError('token_revoked', 'Keycloak takes the token for no permission any more');
  if (status === 400) {
    throw new AuthError(
      'provider_misconfigured',
      `Keycloak knows no such permission of ${question.audience}`,
      {
        expected: `the resource ${resource} with the scopes ${scopes.join(', ')}`,
        seen: `HTTP 400 ${errorOf(body)}`,
      },
    );
  }
  throw new AuthError('provider_unavailable', `${url} answered HTTP ${status}, not permissions`);
}

function toForm({ audience, resource, scopes, claims }: PermissionQuestion): URLSearchParams {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
    audience,
    response_mode: 'permissions',
  });
  for (const scope of scopes) form.append('permission', `${resource}#${scope}`);
  if (claims !== undefined) {
    form.set('claim_token', Buffer.from(JSON.stringify(claims)).toString('base64'));
    form.set('claim_token_format', 'urn:ietf:params:oauth:token-type:jwt');
  }
  return form;
}

/** What was granted of one resource, by its name or its id. */
function scopesGranted(body: string, resource: string): ReadonlySet<string> {
  const list = parse(body);
  if (!Array.isArray(list))
    throw new AuthError('provider_unavailable', 'Keycloak answered no list of permissions');
  const ours = (list as (Granted | null)[]).filter(
    (one) => one?.rsname === resource || one?.rsid === resource,
  );
  return new Set(ours.flatMap((one) => (Array.isArray(one?.scopes) ? one.scopes : [])));
}

interface Granted {
  readonly rsid?: unknown;
  readonly rsname?: unknown;
  readonly scopes?: unknown;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function errorOf(body: string): string {
  const { error } = (parse(body) ?? {}) as { error?: unknown };
  return typeof error === 'string' ? error : '';
}
