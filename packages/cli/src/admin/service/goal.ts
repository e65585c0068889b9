/** A service that calls others, in its own name and in that of its callers. */
export interface ServiceGoal {
  readonly realm: string;
  readonly clientId: string;
  /** Client ids of the services that it calls. */
  readonly calls: readonly string[];
}

/** The client scope that brings a service into the audience of tokens. */
export const toCallScope = (called: string): string => `to-${called}`;
