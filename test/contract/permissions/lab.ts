import { createPermissions, type PermissionsOptions } from '../../../packages/guard/src/authz/index.ts';
import { createVerifier, type Verifier } from '../../../packages/guard/src/core/index.ts';

/** What can be asked of a realm whose client `api` has authorization services. */
export interface AuthzCalls {
  readonly realm: string;
  readonly issuer: string;
  readonly verifier: Verifier;
  permissions(options?: Partial<PermissionsOptions>): ReturnType<typeof createPermissions>;
  /** The answer of the token endpoint. */
  token(fields: Record<string, string>, headers?: Record<string, string>): Promise<Record<string, string>>;
  /** An access token of a user, issued to `client`. */
  login(username: string, client?: string): Promise<string>;
  protection(method: string, path: string, token: string, body?: unknown): Promise<Record<string, unknown>>;
}

/** Such a realm, and what an administrator can do to it. Taken away by `close`. */
export interface AuthzLab extends AuthzCalls {
  /** Name of a resource with a hyphen, which Keycloak may take for an id. */
  readonly hyphenated: string;
  /** Ids of users, and of the resource `album`, by name. */
  readonly ids: ReadonlyMap<string, string>;
  /** Id of a resource of the client's own. */
  idOf(resource: string): Promise<string>;
  /** The permission applies another policy. */
  applyPolicy(permission: string, policy: string): Promise<void>;
  /** Resources of the client's own, each with the scope `view`. */
  addResources(
    resources: readonly { readonly name: string; readonly type?: string; readonly uris?: string[] }[],
  ): Promise<void>;
  /** For the scope `view` of a resource. */
  addPermission(name: string, resource: string, policy: string): Promise<void>;
  changeServer(change: {
    readonly policyEnforcementMode?: string;
    readonly allowRemoteResourceManagement?: boolean;
  }): Promise<void>;
  enableClient(isEnabled: boolean): Promise<void>;
  enableRealm(isEnabled: boolean): Promise<void>;
  enableUser(username: string, isEnabled: boolean): Promise<void>;
  close(): Promise<void>;
}

export function createAuthzCalls(serverUrl: string, realm: string): AuthzCalls {
  const issuer = `${serverUrl}/realms/${realm}`;
  const verifier = createVerifier({
    ...{ serverUrl, realm, clientId: 'api', onNotice: false, tokenCheck: 'local' },
  });

  async function token(fields: Record<string, string>, headers: Record<string, string> = {}) {
    const url = `${issuer}/protocol/openid-connect/token`;
    const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(fields) });
    return (await response.json()) as Record<string, string>;
  }

  return {
    ...{ realm, issuer, verifier, token },
    permissions: (more = {}) =>
      createPermissions({ verifier, clientSecret: 'api-secret', permissionSeconds: 0, ...more }),
    async login(username, client = 'web') {
      const secret: Record<string, string> = client === 'spa' ? {} : { client_secret: `${client}-secret` };
      const password = { grant_type: 'password', username, password: `${username}-pw`, scope: 'openid' };
      const answer = await token({ ...password, client_id: client, ...secret });
      if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
      return answer.access_token;
    },
    async protection(method, path, bearer, body) {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const response = await fetch(`${issuer}/authz/protection/${path}`, init);
      return { status: response.status, ...((await response.json().catch(() => ({}))) as object) };
    },
  };
}
