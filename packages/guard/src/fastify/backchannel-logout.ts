import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeycloakMessage } from '../core/index.ts';
import {
  ADMIN_PUSHES,
  checkOptions,
  createKeycloakMessages,
  LONGEST_MESSAGE,
  type OptionRules,
  optionRules,
  type Told,
} from '../core/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { send } from './send.ts';
import { tell } from './tell.ts';

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
    const messages = createKeycloakMessages(app.verifier.members);
    const toldFor = (request: FastifyRequest): Told => ({
      log: request.log,
      onMessage: onMessage && ((message) => tell(request, 'onMessage', () => onMessage(request, message))),
    });
    // A scope of its own, so that its body parsers are nobody else's.
    await app.register(async (scope) => {
      useTextBodies(scope);
      scope.post(options.path ?? '/backchannel-logout', { ...OPEN }, async (request, reply) =>
        send(reply, await messages.backchannelLogout(request.body, toldFor(request))),
      );
      if (options.adminPushes !== true) return;
      for (const [path, action] of ADMIN_PUSHES) {
        scope.post(path, { ...OPEN }, async (request, reply) =>
          send(reply, await messages.adminPush(request.body, action, toldFor(request))),
        );
      }
    });
  },
  ['keycloak-guard'],
);

/** Keycloak brings no token: what it sends is signed. A 401 it would ignore, and the logout would be lost. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

function useTextBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    scope.addContentTypeParser(
      type,
      { parseAs: 'string', bodyLimit: LONGEST_MESSAGE },
      (_request, body, done) => done(null, body),
    );
  }
}
