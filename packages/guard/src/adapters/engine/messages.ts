import type { KeycloakMessage, Log, Verifier } from '../../core/index.ts';
import { checkOptions, loadPart, type OptionRules, optionRules } from '../../core/internal.ts';
import { openRoutes } from './answer-route.ts';
import type { SecurityEvents } from './parts/security-events.ts';
import type { Realms } from './realms.ts';
import { type Routes, toRoute } from './routes.ts';

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
  /** Called for each message, for an audit log: `(request, message) => …`. Its result and errors are ignored. */
  readonly onMessage?: ((request: Incoming, message: KeycloakMessage) => void) | undefined;
}

const RULES: OptionRules<BackchannelLogoutOptions<unknown>> = {
  path: {
    rule: 'must be a path',
    example: "'/backchannel-logout'",
    accepts: (value) => typeof value === 'string' && value.startsWith('/'),
  },
  onMessage: optionRules.callable('(request, message) => audit(message)'),
};

/** @throws {OptionsError} naming every option that is wrong or unknown */
export function checkBackchannelLogoutOptions<Incoming>(options: BackchannelLogoutOptions<Incoming>): void {
  checkOptions('backchannelLogout', options, RULES as OptionRules<BackchannelLogoutOptions<Incoming>>);
}

/** The part of an engine that the route of messages needs. */
interface MessagesHost<Incoming> {
  logOf(request: Incoming): Log;
  readonly securityEvents: Pick<SecurityEvents<Incoming>, 'message'> | undefined;
}

/**
 * The route that Keycloak calls. It needs no token: Keycloak signs its messages. The code that reads them is loaded now.
 *
 * @throws {OptionsError} naming every option that is wrong or unknown
 */
export function toMessageRoutes<Incoming>(
  { verifierOf }: Pick<Realms<Incoming>, 'verifierOf'>,
  options: BackchannelLogoutOptions<Incoming>,
  { logOf, securityEvents }: MessagesHost<Incoming>,
): Routes<Incoming> {
  checkBackchannelLogoutOptions(options);
  const { path = '/backchannel-logout', onMessage } = options;
  const part = loadPart(async () => (await import('./parts/messages.ts')).answerBackchannelLogout);
  const answer = async (request: Incoming, body: unknown) => {
    const log = logOf(request);
    const membersFor = async (token: string) =>
      (await verifierOf(request, token)).members as readonly Verifier<object>[];
    return (await part.loading)(membersFor, body, {
      log,
      onMessage(message) {
        securityEvents?.message(request, message);
        if (onMessage) callListener(log, 'onMessage', () => onMessage(request, message));
      },
    });
  };
  return openRoutes([toRoute('POST', path, answer, { readsBody: true })]);
}
