import type { Answer } from '../../../keycloak/call.ts';
import { type Finding, fail } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { decodeJwt } from '../../evidence/jwt.ts';

/** Why Keycloak does not want a token that it has just issued. */
export async function explainStale(
  seen: string,
  who: string,
  answer: Answer,
  reach: Reach,
): Promise<Finding> {
  const claims = decodeJwt(await reach.login?.token())?.claims ?? {};
  const { realm, clientId } = reach.caller;
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat)) {
    return fail(
      seen,
      `tokens are revoked until ${new Date(notBefore.at * 1000).toISOString()} (not-before of the ${notBefore.of}), so even a fresh token is refused`,
      notBefore.fix,
    );
  }
  if (answer.status >= 500) {
    const attributes = (await reach.admin?.client().catch(() => undefined))?.attributes;
    const encryption = attributes?.['user.info.encrypted.response.alg'];
    if (encryption) {
      return fail(
        seen,
        `the client wants encrypted userinfo answers ('${encryption}'), and Keycloak has no key of the client to encrypt with`,
        `Clients > ${clientId} > Advanced > Fine grain OpenID Connect configuration > User info response encryption key management algorithm: clear it`,
      );
    }
    return fail(
      seen,
      `Keycloak failed while answering ${who}`,
      "Look into Keycloak's log for the stack trace of this moment; usual reasons: encryption of userinfo answers without a key of the client (Clients > Advanced > User info response encryption), a client policy (Realm settings > Client policies), a mapper.",
    );
  }
  const issuer = (await reach.realm.discovery()).json?.issuer;
  if (claims.iss !== issuer) {
    return fail(
      seen,
      `the token is from the issuer ${claims.iss}, and Keycloak calls itself ${issuer}`,
      'Set KC_HOSTNAME of Keycloak to its public URL.',
    );
  }
  if (/token verification failed/i.test(seen)) {
    const hint =
      reach.admin === null
        ? ' With KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD the doctor can see it.'
        : '';
    return fail(
      seen,
      `${who} does not verify a token that was issued a moment ago: a not-before (of the realm, the client or the user) that lies ahead, or a signing key that is no longer active`,
      `Sessions > Action > Revocation > Clear (realm); Clients > ${clientId} > Advanced > Revocation; Realm settings > Keys (realm ${realm}).${hint}`,
    );
  }
  if (/invalid origin/i.test(seen + answer.text)) {
    return fail(
      seen,
      'Keycloak refuses the Origin header of the call',
      `Clients > ${clientId} > Settings > Web origins`,
    );
  }
  return fail(
    seen,
    `${who} refuses a token that was issued a moment ago: ${seen}`,
    'The words above are all Keycloak says; its log (event type USER_INFO_REQUEST_ERROR or INTROSPECT_TOKEN_ERROR) may say more.',
  );
}

/** The latest not-before that an admin can see. Unit: seconds since 1970. */
async function findNotBefore({
  admin,
  caller,
}: Reach): Promise<{ at: number; of: string; fix: string } | undefined> {
  if (admin === null) return undefined;
  const realm = (await admin.realm().catch(() => undefined))?.notBefore ?? 0;
  const client = (await admin.client().catch(() => undefined))?.notBefore ?? 0;
  const user = (await admin.user().catch(() => undefined))?.notBefore ?? 0;
  const all = [
    {
      at: realm,
      of: 'realm',
      fix: `Sessions > Action > Revocation > Clear\nkcadm.sh update realms/${caller.realm} -s notBefore=0`,
    },
    { at: client, of: 'client', fix: `Clients > ${caller.clientId} > Advanced > Revocation > Clear` },
    {
      at: user,
      of: 'user',
      fix: 'Log the user in again: Users > the user > Sessions > Logout all sessions sets this time',
    },
  ];
  return all.sort((a, b) => b.at - a.at)[0];
}
