/** One setting: the single source for the check, `.env.example` and `docs/settings.md`. */
export interface Setting<T = unknown> {
  /** Its effect in a sentence or two, for the documents. */
  readonly description: string;
  /** What the value must be; completes "must be …" or "must …". */
  readonly rule: string;
  /** A value that would be right. */
  readonly example: string;
  /** Value if it is not set, as a string; none for a required setting. */
  readonly default?: string;
  /** May be left out, with no default. */
  readonly optional?: true;
  /** Never shown. */
  readonly secret?: true;
  /** Where the value stands in the `keycloak.json` of Keycloak's console. */
  readonly json?: string;
  /** The value that was probably meant by a string that breaks the rule; `undefined` if unknown. */
  readonly mend?: (text: string) => string | undefined;
  /** Parses the string; `undefined` if the rule is not met. */
  readonly parse: (text: string) => T | undefined;
}
