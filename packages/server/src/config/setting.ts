/** One setting: the single source for the check, `.env.example` and `docs/settings.md`. */
export interface Setting<T = unknown> {
  /** For the documents: what it does, in a sentence or two. */
  readonly description: string;
  /** What the value must be; completes "must be …" or "must …". */
  readonly rule: string;
  /** A value that would be right. */
  readonly example: string;
  /** Value when it is not set; none for a setting that must be set. As text, as it would be written. */
  readonly default?: string;
  /** May be left out, with no default. */
  readonly optional?: true;
  /** Never shown. */
  readonly secret?: true;
  /** Where the value stands in the `keycloak.json` of Keycloak's console. */
  readonly json?: string;
  /** The value that was probably meant by a text that breaks the rule; `undefined` where nobody can tell. */
  readonly mend?: (text: string) => string | undefined;
  /** Reads the text; `undefined` when the rule is not met. */
  readonly parse: (text: string) => T | undefined;
}
