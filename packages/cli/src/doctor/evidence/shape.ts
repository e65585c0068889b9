import { CALLBACK_PATH, DOCS_CALLBACK_PATH, type Shape } from '../../admin/index.ts';
import type { AdminEvidence } from './admin.ts';
import type { ClientEvidence } from './client.ts';

/**
 * What the client is for, as its own settings say: by them where an admin may look, otherwise by Keycloak's answers. In doubt it is
 * the guide's, which needs most.
 *
 * @param hasUser whether a login with a password is to be tried
 */
export async function findShape(
  client: ClientEvidence,
  admin: Pick<AdminEvidence, 'client'> | null,
  hasUser: boolean,
): Promise<Shape> {
  const there = await admin?.client().catch(() => undefined);
  if (there !== undefined) {
    if (there.directAccessGrantsEnabled || there.publicClient || there.bearerOnly) return 'guide';
    if (!there.standardFlowEnabled) return 'api';
    const uris = there.redirectUris ?? [];
    const hasCallback = uris.some((uri) => uri.endsWith(CALLBACK_PATH));
    const hasMore = uris.some((uri) => uri.endsWith('*') || uri.endsWith(DOCS_CALLBACK_PATH));
    return hasCallback && !hasMore ? 'web' : 'guide';
  }
  const { json } = await client.passwordGrant();
  if (hasUser || !/not allowed for direct access grants/i.test(String(json?.error_description ?? '')))
    return 'guide';
  if (NO_LOGIN.test((await client.authorization()).words)) return 'api';
  return NO_LOGIN.test((await client.docsAuthorization()).words) ? 'web' : 'guide';
}

/** Keycloak looks at the redirect URI first: a client without one says nothing about its flows. */
const NO_LOGIN =
  /parameter\w*:? redirect_uri|standard flow is disabled|not allowed to initiate browser login/i;
