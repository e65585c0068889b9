import type { Client } from '../realm/client.ts';
import type { RealmRepresentation } from '../realm/representation.ts';

const MAP = 'acr.loa.map';

/** Names of levels of authentication, as the attribute `acr.loa.map` has them: `{"silver":1}`. */
export function namesOfLevels(attributes: Readonly<Record<string, string>> = {}): Record<string, number> {
  try {
    return (JSON.parse(attributes[MAP] ?? '{}') as Record<string, number> | null) ?? {};
  } catch {
    return {};
  }
}

/** What `acr` says of a login with a password, level 1. The names of the client win over those of the realm. */
export function acrOf(client: Client, { attributes }: RealmRepresentation): string {
  const own = namesOfLevels(client.attributes);
  const names = Object.keys(own).length > 0 ? own : namesOfLevels(attributes);
  return Object.keys(names).find((name) => Number(names[name]) === 1) ?? '1';
}
