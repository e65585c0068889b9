import type { WantedClient } from '../plan/complete-client.ts';

/** A client that calls an API. */
export interface Caller {
  readonly clientId: string;
  /** Its settings, if it is to be created or completed. Default: it exists and stays as it is. */
  readonly wanted?: WantedClient | undefined;
}

/** Clients whose tokens are to be good for an API. */
export interface CallersGoal {
  readonly realm: string;
  /** Client id of the API. */
  readonly clientId: string;
  readonly callers: readonly Caller[];
}
