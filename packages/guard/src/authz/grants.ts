/** What Keycloak grants on one resource. */
export interface GrantedResource {
  /** Id of the resource. */
  readonly id: string;
  /** Name of the resource. Empty if Keycloak sends none. */
  readonly name: string;
  /** Granted scopes. Empty if the resource has none. */
  readonly scopes: readonly string[];
}

/** Reads an answer to `response_mode=permissions`; `undefined` if it is not one. */
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
    // An entry that cannot be read grants nothing.
    if (typeof rsid !== 'string' || rsid === '') continue;
    if (!Array.isArray(scopes) || !scopes.every((one) => typeof one === 'string')) continue;
    grants.push({ id: rsid, name: typeof rsname === 'string' ? rsname : '', scopes });
  }
  return grants;
}
