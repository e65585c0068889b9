/** Clients whose tokens are to be good for an API. */
export interface AudienceGoal {
  readonly realm: string;
  /** Client id of the API. */
  readonly clientId: string;
  /** Client ids of those that call it. */
  readonly callers: readonly string[];
}
