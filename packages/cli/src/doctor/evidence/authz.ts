import { readFolderFile } from '@keycloak-guard/server/config';
import { toJsonObject } from 'keycloak-guard/unstable';
import { type AuthzModel, findStale, readAuthz } from '../../admin/index.ts';
import { loadAuthz } from '../../authz/file.ts';
import { memo } from '../../keycloak/call.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { AdminEvidence } from './admin.ts';

/** The member `policy-enforcer` of a `keycloak.json`, as far as it names what Keycloak has to have. */
export interface PathEnforcer {
  readonly 'enforcement-mode'?: string;
  readonly paths?: readonly (ScopesOfPath & {
    readonly path?: string;
    readonly id?: string;
    readonly name?: string;
    readonly methods?: readonly ScopesOfPath[];
    readonly 'enforcement-mode'?: string;
  })[];
}

interface ScopesOfPath {
  readonly scopes?: readonly string[];
  readonly 'scopes-enforcement-mode'?: string;
}

export type AuthzDocument = { readonly file: string } & (
  | { readonly model: AuthzModel }
  | { readonly enforcer: PathEnforcer }
  | { readonly problems: readonly string[] }
);

export function createAuthzEvidence(
  calls: RealmCalls,
  { realm, clientId }: { readonly realm: string; readonly clientId: string },
  files: readonly string[],
  admin: AdminEvidence | null,
) {
  const state = memo(async () =>
    admin === null ? null : readAuthz((await admin.connection()).api, realm, clientId),
  );
  return {
    /** Keycloak's answer when this client looks up a resource, as guards do; or the refusal of a token for that. */
    protection: memo(async () => {
      const grant = await calls.clientCredentials();
      const token = grant.json?.access_token;
      if (typeof token !== 'string') return grant;
      const url = `${calls.baseUrl}/authz/protection/resource_set?max=1`;
      return calls.get(url, { authorization: `Bearer ${token}` });
    }),
    state,
    stale: memo(async () => {
      const there = await state();
      return admin === null || !there?.isOn ? [] : findStale((await admin.connection()).api, there);
    }),
    /** Whether role policies can read the user's current roles. Keycloak 22 to 24 cannot. */
    canFetchRoles: memo(async () => {
      const info = await (await admin?.connection())?.api.serverInfo.find().catch(() => undefined);
      return Number.parseInt(info?.systemInfo?.version ?? '26', 10) >= 25;
    }),
    documents: memo(() => Promise.all(files.map(readDocument))),
  };
}

async function readDocument(file: string): Promise<AuthzDocument> {
  try {
    const json = file.endsWith('.json') ? toJsonObject(readFolderFile(file)) : undefined;
    const isEnforcer = json !== undefined && ('paths' in json || 'enforcement-mode' in json);
    const enforcer = json?.['policy-enforcer'] ?? (isEnforcer ? json : undefined);
    if (enforcer !== undefined)
      return isPathEnforcer(enforcer)
        ? { file, enforcer }
        : { file, problems: ['paths, methods and scopes of a policy-enforcer must be lists'] };
    return { file, model: await loadAuthz(file) };
  } catch (error) {
    if (error instanceof UsageError) return { file, problems: error.problems };
    return { file, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

function isPathEnforcer(value: unknown): value is PathEnforcer {
  const isListOf = (list: unknown, isOne: (one: unknown) => boolean) =>
    list === undefined || (Array.isArray(list) && list.every(isOne));
  const hasScopes = (one: unknown) => isListOf(Object(one).scopes, (scope) => typeof scope === 'string');
  const isPath = (one: unknown) => hasScopes(one) && isListOf(Object(one).methods, hasScopes);
  return isListOf(Object(value).paths, isPath);
}
