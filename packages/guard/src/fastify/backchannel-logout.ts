import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type AdminAction,
  AuthError,
  isAuthError,
  type Revocation,
  revokeByAdminPush,
  revokeByLogoutToken,
  type Verifier,
} from '../core/index.ts';
import { checkOptions, type OptionRules, optionRules, selectByIssuer } from '../core/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { tell } from './tell.ts';

/** What became of a message of Keycloak's. */
export interface KeycloakMessage {
  readonly by: 'backchannel_logout' | 'admin_push';
  /** What it made bad; empty where it was refused. */
  readonly revocations: readonly Revocation[];
  /** Why it was refused, or could not be shared with other processes; else `null`. */
  readonly error: AuthError | null;
}

/** Options of {@link backchannelLogout}. */
export interface BackchannelLogoutOptions {
  /** Path that Keycloak calls ("Backchannel logout URL" of the client). Default `/backchannel-logout`. */
  readonly path?: string | undefined;
  /**
   * Also takes the pushes that Keycloak sends to a client's admin URL, at `/k_logout` and `/k_push_not_before`. They are
   * old, mean less than they seem to (see `revokeByAdminPush`), and Keycloak plans to remove them. Default false.
   */
  readonly adminPushes?: boolean | undefined;
  /** Told of each message, for an audit log. What it returns or throws changes nothing. */
  readonly onMessage?: ((request: FastifyRequest, message: KeycloakMessage) => void) | undefined;
}

const RULES: OptionRules<BackchannelLogoutOptions> = {
  path: {
    rule: 'must be a path',
    example: "'/backchannel-logout'",
    isMet: (value) => typeof value === 'string' && value.startsWith('/'),
  },
  adminPushes: optionRules.trueOrFalse(false),
  onMessage: optionRules.callable('(request, message) => audit(message)'),
};

/** A logout token of Keycloak has about 1 KiB. */
const BODY_LIMIT = 16 * 1024;

/**
 * Fastify plugin: lets Keycloak tell this API that a session ended, so that its tokens are refused at once.
 * Needs `keycloakGuard` to be registered before.
 *
 * Answers 204, or 400 with `{"error", "error_description", "detail"}`. Keycloak waits for the answer while the
 * user logs out, so there is nothing here that could take long.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export const backchannelLogout = asPlugin<BackchannelLogoutOptions>(
  'keycloak-guard-backchannel-logout',
  async (app, options) => {
    checkOptions('backchannelLogout', options, RULES);
    const { onMessage } = options;
    // A scope of its own, so that its body parsers are nobody else's.
    await app.register(async (scope) => {
      useTextBodies(scope);
      scope.post(options.path ?? '/backchannel-logout', { ...OPEN }, async (request, reply) => {
        const tokens = new URLSearchParams(request.body as string).getAll('logout_token');
        return answer(reply, request, 'backchannel_logout', onMessage, async () => {
          if (tokens.length !== 1) {
            throw new AuthError('logout_token_invalid', 'The request must have one logout_token');
          }
          const token = tokens[0] as string;
          const member = await selectByIssuer(app.verifier.members, token).catch(toInvalid);
          const revocations = [await revokeByLogoutToken(member, token)];
          await revokeForOthers(app.verifier.members, member, revocations);
          return revocations;
        });
      });
      if (options.adminPushes !== true) return;
      for (const [path, action] of PUSHES) {
        scope.post(path, { ...OPEN }, (request, reply) =>
          answer(reply, request, 'admin_push', onMessage, () =>
            revokeByPush(app.verifier.members, String(request.body ?? ''), action),
          ),
        );
      }
    });
  },
  ['keycloak-guard'],
);

/** Keycloak brings no token: what it sends is signed. A 401 it would ignore, and the logout would be lost. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

/** As much of an issuer as anybody can write into the log. */
const LONGEST_SEEN = 200;

/** A token that no realm is found for is refused as the realm would have refused it. */
function toInvalid(error: unknown): never {
  if (!(isAuthError(error) && error.statusCode === 401)) throw error;
  throw new AuthError('logout_token_invalid', `The logout token is not valid: ${error.reason}`, {
    expected: error.expected,
    seen: error.seen?.slice(0, LONGEST_SEEN),
  });
}

const PUSHES: readonly [string, AdminAction][] = [
  ['/k_push_not_before', 'PUSH_NOT_BEFORE'],
  ['/k_logout', 'LOGOUT'],
];

/** Where several APIs of a realm are combined: what ended for one has ended for all. */
async function revokeForOthers(
  members: readonly Verifier[],
  told: Verifier,
  revocations: readonly Revocation[],
): Promise<void> {
  const others = members.filter((one) => one !== told && one.issuer.baseUrl === told.issuer.baseUrl);
  await Promise.all(others.flatMap((other) => revocations.map((revocation) => other.revoke(revocation))));
}

/** A push names no issuer: the realm whose key signed it is the one. */
async function revokeByPush(
  members: readonly Verifier[],
  push: string,
  action: AdminAction,
): Promise<Revocation[]> {
  let refusal: unknown;
  for (const member of members) {
    try {
      const revocations = await revokeByAdminPush(member, push, action);
      await revokeForOthers(members, member, revocations);
      return revocations;
    } catch (error) {
      if (!isAuthError(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function useTextBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    scope.addContentTypeParser(type, { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    );
  }
}

async function answer(
  reply: FastifyReply,
  request: FastifyRequest,
  by: KeycloakMessage['by'],
  onMessage: BackchannelLogoutOptions['onMessage'],
  act: () => Promise<readonly Revocation[]>,
): Promise<FastifyReply> {
  const told = (revocations: readonly Revocation[], error: AuthError | null): void => {
    if (onMessage !== undefined) {
      tell(request, 'onMessage', () => onMessage(request, { by, revocations, error }));
    }
  };
  reply.header('cache-control', 'no-store').header('connection', 'close');
  try {
    told(await act(), null);
    return await reply.code(204).send();
  } catch (error) {
    if (isAuthError(error)) told([], error);
    if (isAuthError(error) && error.statusCode === 400) {
      // Anybody can send one: no more than a line.
      const { code, reason, expected, seen } = error;
      request.log.warn({ code, reason, expected, seen }, 'a message of Keycloak was refused');
      return reply.code(400).send({
        error: 'invalid_request',
        error_description: error.message,
        detail: error.message,
      });
    }
    request.log.error({ err: error }, 'a logout could not be shared with other processes');
    return reply
      .code(503)
      .header('retry-after', '5')
      .send({ error: 'temporarily_unavailable', error_description: 'Try again', detail: 'Try again' });
  }
}
