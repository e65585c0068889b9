import type { Reach } from '../context.ts';
import { kcadmRealm } from '../kcadm.ts';

/** Keycloak refuses tokens issued before this time. */
export interface NotBefore {
  /** Unit: seconds since 1970. */
  readonly at: number;
  readonly of: string;
  readonly fix: string;
}

/**
 * The latest not-before: of those an admin can see, or else the `not-before-policy` in Keycloak's answer with a fresh token,
 * which does not say whether it is the realm's, the client's or the user's.
 */
export async function findNotBefore(reach: Reach): Promise<NotBefore | undefined> {
  const seen = (await seenByAdmin(reach)).sort((a, b) => b.at - a.at)[0];
  const told = await toldToClient(reach);
  const { realm, clientId } = reach.caller;
  if (seen !== undefined && seen.at >= told) return seen.at > 0 ? seen : undefined;
  if (told === 0) return undefined;
  return {
    at: told,
    of: 'realm, of the client or of the user',
    fix: `Sessions > Action > Revocation > Clear\n${kcadmRealm(realm, 'notBefore=0')}\nOr, where it is the client's: Clients > ${clientId} > Advanced > Revocation > Clear. A 'Logout all sessions' of the user sets one too: it stays, and only older tokens mind.`,
  };
}

async function toldToClient({ login, client }: Reach): Promise<number> {
  // Uses a login that was made already, or the client's own token: no login is made just for this.
  const answers = [await login?.login(), await client.clientCredentials()];
  return Math.max(0, ...answers.map((answer) => Number(answer?.json?.['not-before-policy'] ?? 0)));
}

async function seenByAdmin({ admin, caller }: Reach): Promise<NotBefore[]> {
  if (admin === null) return [];
  const at = async (read: () => Promise<{ notBefore?: number } | undefined>) =>
    (await read().catch(() => undefined))?.notBefore ?? 0;
  return [
    {
      at: await at(admin.realm),
      of: 'realm',
      fix: `Sessions > Action > Revocation > Clear\n${kcadmRealm(caller.realm, 'notBefore=0')}`,
    },
    {
      at: await at(admin.client as () => Promise<{ notBefore?: number } | undefined>),
      of: 'client',
      fix: `Clients > ${caller.clientId} > Advanced > Revocation > Clear`,
    },
    {
      at: await at(admin.user),
      of: 'user',
      fix: 'Log the user in again: Users > the user > Sessions > Logout all sessions sets this time',
    },
  ];
}
