import { AuthError, isAuthError } from '../http/errors.ts';
import { type Answer, toJsonAnswer } from '../http/refusal.ts';
import { parameterIn } from '../http/request.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import type { Log } from '../runtime/notice.ts';
import { findOwners, type Member, selectByIssuer } from '../token/select-verifier.ts';
import { type AdminAction, readAdminPush, revokeOnce, toPushError } from './admin-push.ts';
import { type Revoker, revokeByLogoutToken } from './logout-token.ts';

type Realm = Member & Revoker;

/** The result of a message from Keycloak. */
export interface KeycloakMessage {
  readonly by: 'backchannel_logout' | 'admin_push';
  /** Its revocations; empty if it was refused. */
  readonly revocations: readonly Revocation[];
  /** Why it was refused or not shared with other processes; else `null`. */
  readonly error: AuthError | null;
  /** Name of the tenant whose realm it is from, where each tenant has a realm; missing if it is from none. */
  readonly tenant?: string | undefined;
}

/** Takes the messages that an adapter receives: it passes the body, and sends the answer. */
export type KeycloakMessages = ReturnType<typeof createKeycloakMessages>;

/** Listeners of a message. */
export interface MessageListeners {
  /** For invalid messages, and for revocations that could not be shared. */
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** Must not throw. */
  readonly onMessage?: ((message: KeycloakMessage) => void) | undefined;
}

/**
 * Keycloak waits for the answer while the user logs out, so there is nothing here that could take long.
 *
 * @param realms those that a message may be of, or a function that gives them for a logout token, which is not verified yet
 */
export function createKeycloakMessages(
  realms: readonly Realm[] | ((token: string) => readonly Realm[] | Promise<readonly Realm[]>),
) {
  const membersFor = async (token: string) => (typeof realms === 'function' ? realms(token) : realms);

  return {
    /**
     * `POST /backchannel-logout`.
     *
     * @param body the form as a string, or its fields as a body parser made them
     * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
     */
    backchannelLogout: (body: unknown, listeners: MessageListeners): Promise<Answer> =>
      answer('backchannel_logout', listeners, async (from) => {
        const token = logoutTokenOf(body);
        if (token === undefined) {
          throw new AuthError('logout_token_invalid', 'The request must have one logout_token');
        }
        const members = await membersFor(token).catch(toInvalid);
        const member = from(await selectByIssuer(members, token).catch(toInvalid));
        const revocations = [await revokeByLogoutToken(member, token)];
        await revokeForOthers(members, member, revocations);
        return revocations;
      }),
    /** `POST /k_logout`, `POST /k_push_not_before`; the body is a string. See `revokeByAdminPush`. */
    adminPush: (body: unknown, action: AdminAction, listeners: MessageListeners): Promise<Answer> =>
      answer('admin_push', listeners, async (from) => {
        const push = typeof body === 'string' ? body : '';
        return revokeByPush(await membersFor(push).catch(toNoPush), push, action, from);
      }),
  };
}

/** The field of this name if it is one string: a parser may have made it a list or an object. */
function logoutTokenOf(body: unknown): string | undefined {
  if (typeof body === 'string') return parameterIn(body, 'logout_token');
  const { logout_token: token } = Object(body) as { logout_token?: unknown };
  return typeof token === 'string' ? token : undefined;
}

/** As much of an issuer as anybody can write into the log. */
const LONGEST_SEEN = 200;

/** If no realm is found for a token, it is refused as its realm would refuse it. */
function toInvalid(error: unknown): never {
  if (!isAuthError(error) || (error.statusCode !== 401 && error.statusCode !== 404)) throw error;
  throw new AuthError('logout_token_invalid', `The logout token is not valid: ${error.reason}`, {
    expected: error.expected,
    seen: error.seen?.slice(0, LONGEST_SEEN),
  });
}

function toNoPush(error: unknown): never {
  throw isAuthError(error) ? toPushError(error.reason) : error;
}

/** If several APIs of a realm are combined, a session that ended for one has ended for all. */
async function revokeForOthers(
  members: readonly Realm[],
  realm: Realm,
  revocations: readonly Revocation[],
): Promise<void> {
  const others = members.filter((one) => one !== realm && one.issuer.baseUrl === realm.issuer.baseUrl);
  await Promise.all(others.flatMap((other) => revocations.map((revocation) => other.revoke(revocation))));
}

/** A push names no issuer: it comes from the realm whose key signed it. */
async function revokeByPush(
  members: readonly Realm[],
  push: string,
  action: AdminAction,
  from: Sender,
): Promise<Revocation[]> {
  let refusal: unknown;
  for (const member of members) {
    try {
      const read = await readAdminPush(member, push, action);
      await assertOwnIssuer(members, from(member));
      const revocations = await revokeOnce(member, read);
      await revokeForOthers(members, member, revocations);
      return revocations;
    } catch (error) {
      if (!isAuthError(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/**
 * A realm says itself what its issuer is. Its messages must not end the sessions of another realm whose name it takes.
 *
 * @throws {AuthError} `admin_push_invalid`
 */
async function assertOwnIssuer(members: readonly Realm[], member: Realm): Promise<void> {
  if (members.length === 1) return;
  const issuer = member.context.issuer();
  const owners = await findOwners(members, issuer).catch(toNone);
  if (owners.includes(member)) return;
  throw toPushError(
    `its realm ${member.issuer.baseUrl} calls itself ${issuer}, as another one does: set the option issuer of each`,
  );
}

/** Two realms with one name: neither is believed. */
function toNone(error: unknown): readonly Realm[] {
  if (isAuthError(error) && error.code === 'provider_misconfigured') return [];
  throw error;
}

const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

/** Called with the realm that a message is from, once it is known: the result names its tenant. Returns the same. */
type Sender = (realm: Realm) => Realm;

async function answer(
  by: KeycloakMessage['by'],
  { log, onMessage }: MessageListeners,
  act: (from: Sender) => Promise<readonly Revocation[]>,
): Promise<Answer> {
  let of: Pick<KeycloakMessage, 'tenant'> = {};
  const from: Sender = (realm) => {
    const { tenants } = realm.context.options;
    if (typeof tenants === 'object') of = { tenant: tenants.name };
    return realm;
  };
  try {
    const revocations = await act(from);
    onMessage?.({ by, revocations, error: null, ...of });
    return { status: 204, headers: HEADERS, setCookies: [], body: undefined };
  } catch (error) {
    if (isAuthError(error)) onMessage?.({ by, revocations: [], error, ...of });
    if (isAuthError(error) && error.statusCode === 400) {
      // Anybody can send one: no more than a line.
      const { code, reason, expected, seen, message } = error;
      log.warn({ code, reason, expected, seen }, 'a message of Keycloak was refused');
      return refuse(400, HEADERS, 'invalid_request', message);
    }
    log.error({ err: error }, 'a logout could not be shared with other processes');
    return refuse(503, { ...HEADERS, 'retry-after': '5' }, 'temporarily_unavailable', 'Try again');
  }
}

function refuse(status: number, headers: Answer['headers'], error: string, description: string): Answer {
  return toJsonAnswer(status, headers, { error, error_description: description, detail: description });
}
