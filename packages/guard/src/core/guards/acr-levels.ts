import type { OptionRule } from '../options/check-options.ts';

/** Values of `acr` from the weakest to the strongest, or each with its number, as in Keycloak's "ACR to LoA Mapping". */
export type AcrLevels = readonly string[] | { readonly [acr: string]: number };

export const ACR_LEVELS: OptionRule = {
  rule: 'must be a list of values of acr, from the weakest to the strongest, or an object with the number of each',
  example: '{ silver: 1, gold: 2 }',
  isMet: (value) => {
    if (typeof value !== 'object' || value === null) return false;
    if (Array.isArray(value)) {
      return value.length > 0 && value.every(isAcr) && new Set(value).size === value.length;
    }
    const entries = Object.entries(value);
    return entries.length > 0 && entries.every(([acr, level]) => isAcr(acr) && Number.isSafeInteger(level));
  },
};

/** A value of `acr`: stands in a list that is separated by spaces, between quotes. */
export function isAcr(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value);
}

/** The strength of an `acr`; `undefined` if unknown. Keycloak writes the number itself if the request asked for that. */
export function levelOf(acr: string, levels: AcrLevels): number | undefined {
  if (Array.isArray(levels)) {
    const at = levels.indexOf(acr);
    return at === -1 ? undefined : at;
  }
  const named = levels as { readonly [acr: string]: number };
  if (Object.hasOwn(named, acr)) return named[acr];
  return /^\d{1,9}$/.test(acr) ? Number(acr) : undefined;
}
