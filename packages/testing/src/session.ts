/** What one client has of a session. Times are seconds since 1970. */
export interface ClientSession {
  readonly clientId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  /** How often each refresh token was used, where they are good for a number of times. */
  readonly refreshTokenUses: Record<string, number>;
}

/** A user who is signed in. Times are seconds since 1970. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  readonly offline: boolean;
  /** The person asked at the login to be remembered, which may make the session last longer. */
  readonly rememberMe?: boolean;
  /** Proof in the browser's cookie that it owns the session; none for a password grant. */
  cookie?: string | undefined;
  /** Values that mappers can put into tokens: `AUTH_TIME`, `clientAddress`, … */
  readonly notes: Record<string, string>;
  readonly clients: Record<string, ClientSession>;
}
