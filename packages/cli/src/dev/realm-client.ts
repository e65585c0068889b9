/** The client of an application in a realm file of development. */
export interface DevClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What an application and a person need of a realm file, the first realm where it holds several. */
export interface DevRealm {
  readonly realm: string;
  /**
   * The client of this name, else the first one with a secret: an application may have another name at its own Keycloak.
   *
   * @throws {Error} where the file has none with a secret
   */
  client(clientId: string | undefined): DevClient;
  /** @throws {Error} where the file has no such user, or none whose password stands there */
  user(username: string | undefined): { readonly username: string; readonly password: string };
}

/** @throws {Error} in words for the person at the terminal */
export async function readDevRealm(file: string): Promise<DevRealm> {
  const { loadRealmFile } = await import('@keycloak-guard/testing');
  const [realm] = await loadRealmFile(file);
  if (realm === undefined) throw new Error(`${file} holds no realm`);
  const { clients = [], users = [] } = realm;
  return {
    realm: realm.realm,
    client(wanted) {
      const confidential = clients.filter(({ secret, publicClient }) => secret && !publicClient);
      const found = confidential.find(({ clientId }) => clientId === wanted) ?? confidential[0];
      if (found?.secret === undefined) throw new Error(`${file} has no client with a secret`);
      return { clientId: found.clientId, clientSecret: found.secret };
    },
    user(wanted) {
      for (const { username, credentials = [] } of users) {
        const password = credentials.find(({ type, value }) => type === 'password' && value)?.value;
        if (password && (!wanted || username === wanted)) return { username, password };
      }
      throw new Error(`${file} has no user ${wanted ? `${wanted} ` : ''}whose password stands there`);
    },
  };
}
