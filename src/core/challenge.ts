/** What goes into a `WWW-Authenticate: Bearer` header. */
export interface Challenge {
  /** OAuth error code (RFC 6750 §3.1); none when the request carried no token at all. */
  readonly error?: string | undefined;
  /** Public text for the developer of the client. Never holds anything taken from the token. */
  readonly description?: string | undefined;
  /** Scopes that would have been enough, separated by one space (RFC 6750 §3). */
  readonly scope?: string | undefined;
}

/**
 * Builds the value of a `WWW-Authenticate` header. This is the only place that does.
 *
 * @returns `Bearer`, or `Bearer error="…", error_description="…", scope="…"` with what is given
 * @see RFC 6750 §3, RFC 9110 §11.6.1
 * @example
 * buildChallenge({ error: 'invalid_token', description: 'The access token expired' });
 * // Bearer error="invalid_token", error_description="The access token expired"
 */
export function buildChallenge(challenge: Challenge = {}): string {
  const params = [
    ['error', challenge.error],
    ['error_description', challenge.description],
    ['scope', challenge.scope],
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${toQuotable(value as string)}"`);
  return params.length > 0 ? `Bearer ${params.join(', ')}` : 'Bearer';
}

/**
 * `error` and `error_description` of a `WWW-Authenticate` header, in one text; of all challenges, where there are
 * several. Nothing else in it says why: the realm is only a name, and may be any.
 *
 * @see RFC 7235 §2.1, RFC 6750 §3
 */
export function readChallengeErrors(header: string): string {
  const texts: string[] = [];
  for (const [, name, token, quoted] of header.matchAll(AUTH_PARAM)) {
    if (IS_ERROR.test(name as string)) texts.push(token ?? (quoted as string).replace(/\\(.)/g, '$1'));
  }
  return texts.join(' ');
}

/** auth-param = token BWS "=" BWS ( token / quoted-string ); other text, such as a scheme, is passed over. */
const AUTH_PARAM =
  /(?:^|[\t ,])([\w!#$%&'*+.^`|~-]+)[\t ]*=[\t ]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")/g;
const IS_ERROR = /^error(?:_description)?$/i;

/** RFC 6750 §3 allows %x20-21 / %x23-5B / %x5D-7E between the quotes: no `"`, no `\`, no control characters. */
function toQuotable(value: string): string {
  return value.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}
