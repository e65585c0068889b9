/** One client's part of a session. Times are in seconds since 1970. */
export interface ClientSession {
  readonly clientId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  /** Alias of the organization that the person signed in for. */
  organization?: string;
  /** Uses of each refresh token, if they are limited. */
  readonly refreshTokenUses: Record<string, number>;
}

/** A signed-in user. Times are in seconds since 1970. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  readonly offline: boolean;
  /** Whether the person asked to be remembered, which may lengthen the session. */
  readonly rememberMe?: boolean;
  /** Secret in the cookie of the browser that owns the session. A password grant has none. */
  cookie?: string | undefined;
  /** Values that mappers can add to tokens: `AUTH_TIME`, `clientAddress`, … */
  readonly notes: Record<string, string>;
  readonly clients: Record<string, ClientSession>;
}
