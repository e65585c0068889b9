import { randomUUID } from 'node:crypto';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import { answerBackchannelLogout } from '../../packages/guard/src/core/internal.ts';
import type { TestRealm } from '../support/test-realm.ts';

export const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** A logout token as Keycloak makes it, with the changes; `undefined` leaves a member out. */
export function mintLogoutToken(
  realm: TestRealm,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const payload = {
    iss: realm.issuer,
    aud: realm.clientId,
    iat: realm.now,
    exp: realm.now + 120,
    jti: randomUUID(),
    typ: 'Logout',
    sid: 's1',
    sub: 'u1',
    events: { [EVENT]: {} },
    ...changes,
  };
  return realm.mint({}, { payload, header: { typ: 'logout+jwt', ...header } });
}

/** A push to the admin URL of a client, as Keycloak makes it. */
export function mintPush(
  realm: TestRealm,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const payload = {
    id: randomUUID(),
    expiration: Math.floor(realm.now) + 30,
    resource: realm.clientId,
    action: 'LOGOUT',
    notBefore: 0,
    ...changes,
  };
  return realm.mint({}, { payload, header });
}

/** Answers logout tokens of these realms. */
export const messagesOf = (members: readonly Verifier<object>[]) => ({
  backchannelLogout: (body: unknown, listeners: Parameters<typeof answerBackchannelLogout>[2]) =>
    answerBackchannelLogout(async () => members, body, listeners),
});
