import { findStale } from '../../admin/authz/checks.ts';
import { readAuthz } from '../../admin/authz/current.ts';
import type { AuthzModel } from '../../admin/authz/model.ts';
import { loadAuthz } from '../../authz/file.ts';
import { memo } from '../../keycloak/call.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { AdminEvidence } from './admin.ts';

export type AuthzDocument = { readonly file: string } & (
  | { readonly model: AuthzModel }
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
    return { file, model: await loadAuthz(file) };
  } catch (error) {
    if (error instanceof UsageError) return { file, problems: error.problems };
    return { file, problems: [error instanceof Error ? error.message : String(error)] };
  }
}
