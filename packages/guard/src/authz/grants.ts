/** What Keycloak grants of one resource. */
export interface GrantedResource {
  readonly id: string;
  readonly name: string;
  /** Empty where the resource has none. */
  readonly scopes: readonly string[];
}

/** Reads the answer to `response_mode=permissions`; `undefined` where it is none. */
export function toGrants(body: string): GrantedResource[] | undefined {
  let entries: unknown;
  try {
    entries = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries)) return undefined;
  const grants: GrantedResource[] = [];
  for (const entry of entries) {
    const { rsid, rsname, scopes = [] } = (entry ?? {}) as Record<string, unknown>;
    // What cannot be read grants nothing.
    if (typeof rsid !== 'string' || rsid === '') continue;
    if (!Array.isArray(scopes) || !scopes.every((one) => typeof one === 'string')) continue;
    grants.push({ id: rsid, name: typeof rsname === 'string' ? rsname : '', scopes });
  }
  return grants;
}
