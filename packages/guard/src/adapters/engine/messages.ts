import { type KeycloakMessage, type Log, OptionsError } from '../../core/index.ts';
import {
  checkOptions,
  loadPart,
  type MessageListeners,
  type OptionRules,
  optionRules,
} from '../../core/internal.ts';
import { openRoutes } from './answer-route.ts';
import type { SecurityEvents } from './parts/security-events.ts';
import type { Realms } from './realms.ts';
import { type Route, type Routes, toRoute } from './routes.ts';

/** Calls a listener of the application. If it throws or rejects, the error is only logged. */
export function callListener(log: Pick<Log, 'error'>, name: string, listener: () => unknown): void {
  const fail = (err: unknown) => log.error({ err }, `${name} failed`);
  try {
    // Any thenable: an unhandled rejection would end the process.
    Promise.resolve(listener()).catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Options of back-channel logout. */
export interface BackchannelLogoutOptions<Incoming> {
  /** Path that Keycloak calls ("Backchannel logout URL" of the client). Default `/backchannel-logout`. */
  readonly path?: string | undefined;
  /**
   * Also takes the pushes that Keycloak sends to a client's admin URL, at `/k_logout` and `/k_push_not_before`. They are
   * old, mean less than they seem to (see `revokeByAdminPush`), and Keycloak plans to remove them. Not with `tenants.ofIssuer`:
   * a push names no issuer. Default false.
   */
  readonly adminPushes?: boolean | undefined;
  /** Called for each message, for an audit log: `(request, message) => …`. Its result and errors are ignored. */
  readonly onMessage?: ((request: Incoming, message: KeycloakMessage) => void) | undefined;
}

/** The paths of the pushes to a client's admin URL. */
const PUSHES = [
  ['/k_push_not_before', 'PUSH_NOT_BEFORE'],
  ['/k_logout', 'LOGOUT'],
] as const;

const RULES: OptionRules<BackchannelLogoutOptions<unknown>> = {
  path: {
    rule: 'must be a path',
    example: "'/backchannel-logout'",
    accepts: (value) => typeof value === 'string' && value.startsWith('/'),
  },
  adminPushes: optionRules.trueOrFalse(false),
  onMessage: optionRules.callable('(request, message) => audit(message)'),
};

/** @throws {OptionsError} naming every option that is wrong or unknown */
export function checkBackchannelLogoutOptions<Incoming>(options: BackchannelLogoutOptions<Incoming>): void {
  checkOptions('backchannelLogout', options, RULES as OptionRules<BackchannelLogoutOptions<Incoming>>);
}

/** The part of an engine that the routes of messages need. */
interface MessagesHost<Incoming> {
  logOf(request: Incoming): Log;
  readonly securityEvents: Pick<SecurityEvents<Incoming>, 'message'> | undefined;
}

/**
 * The routes that Keycloak calls. They need no token: Keycloak signs its messages. The code that reads them is
 * loaded now.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 */
export function toMessageRoutes<Incoming>(
  realms: Pick<Realms<Incoming>, 'verifier' | 'tenants' | 'verifierOf'>,
  options: BackchannelLogoutOptions<Incoming>,
  { logOf, securityEvents }: MessagesHost<Incoming>,
): Routes<Incoming> {
  checkBackchannelLogoutOptions(options);
  const { path = '/backchannel-logout', adminPushes = false, onMessage } = options;
  if (adminPushes && realms.tenants?.isByIssuer === true) {
    const rule =
      'must be left out beside tenants.ofIssuer: a push names no issuer, so it belongs to no tenant';
    const example = "backchannelLogout, at the client's Backchannel logout URL; or tenants: { of, get }";
    throw new OptionsError('backchannelLogout', [{ option: 'adminPushes', rule, example }]);
  }
  const listenersFor = (request: Incoming): MessageListeners => ({
    log: logOf(request),
    onMessage(message) {
      securityEvents?.message(request, message);
      if (onMessage) callListener(logOf(request), 'onMessage', () => onMessage(request, message));
    },
  });
  const route = (at: string, answer: Route<Incoming>['answer']) =>
    toRoute('POST', at, answer, { readsBody: true });
  const reader = loadPart(async () => (await import('./parts/messages.ts')).createMessageReader(realms));
  const messagesOf = async (request: Incoming) => (await reader.loading)(request);
  const pushes = adminPushes ? PUSHES : [];
  return openRoutes([
    route(path, async (request, body) =>
      (await messagesOf(request)).backchannelLogout(body, listenersFor(request)),
    ),
    ...pushes.map(([at, action]) =>
      route(at, async (request, body) =>
        (await messagesOf(request)).adminPush(body, action, listenersFor(request)),
      ),
    ),
  ]);
}
