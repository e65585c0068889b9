/** One signed-in user: with tokens, or in a browser with a cookie. All times as `performance.now()`. */
export interface Visit {
  readonly kind: 'bearer' | 'cookie';
  readonly user: string;
  /** `undefined` where the browser has none. */
  accessToken: string | undefined;
  refreshToken: string | undefined;
  readonly cookie: string | undefined;
  /** End of the access token, of a browser's session infinite. */
  expiresAt: number;
  readonly beganAt: number;
  /**
   * `live`: must be let in. `ending`: a logout is under way. `ended`: must be refused from `refusedFrom` on.
   * `unknown`: a request broke off that may have ended it; nobody can say what is right.
   */
  state: 'live' | 'ending' | 'ended' | 'unknown';
  refusedFrom: number;
  isRefreshing: boolean;
}

/** What must come back for a visit. `undefined`: either is right, the state changed while the request was under way. */
export function expectedStatus(
  visit: Visit,
  sent: { readonly state: Visit['state']; readonly at: number },
): 200 | 401 | undefined {
  if (sent.state === 'live' && visit.state === 'live') return 200;
  if (sent.state === 'ended' && sent.at >= visit.refusedFrom) return 401;
  return undefined;
}

/** How to come in. */
export function credentialsOf({ accessToken, cookie }: Visit): Record<string, string> {
  return cookie === undefined ? { authorization: `Bearer ${accessToken}` } : { cookie };
}
