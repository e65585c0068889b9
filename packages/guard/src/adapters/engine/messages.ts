import type { Log, Verifier } from '../../core/index.ts';
import { checkOptions, loadPart, type OptionRules } from '../../core/internal.ts';
import { openRoutes } from './answer-route.ts';
import type { SecurityEvents } from './parts/security-events.ts';
import type { Realms } from './realms.ts';
import { type Routes, toRoute } from './routes.ts';

/** Options of back-channel logout. */
export interface BackchannelLogoutOptions {
  /** Path that Keycloak calls ("Backchannel logout URL" of the client). Default `/backchannel-logout`. */
  readonly path?: string | undefined;
}

const RULES: OptionRules<BackchannelLogoutOptions> = {
  path: {
    rule: 'must be a path',
    example: "'/backchannel-logout'",
    accepts: (value) => typeof value === 'string' && value.startsWith('/'),
  },
};

/** @throws {OptionsError} naming every option that is wrong or unknown */
export function checkBackchannelLogoutOptions(options: BackchannelLogoutOptions): void {
  checkOptions('backchannelLogout', options, RULES);
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
  options: BackchannelLogoutOptions,
  { logOf, securityEvents }: MessagesHost<Incoming>,
): Routes<Incoming> {
  checkBackchannelLogoutOptions(options);
  const { path = '/backchannel-logout' } = options;
  const part = loadPart(async () => (await import('./parts/messages.ts')).answerBackchannelLogout);
  const answer = async (request: Incoming, body: unknown) => {
    const membersFor = async (token: string) =>
      (await verifierOf(request, token)).members as readonly Verifier<object>[];
    return (await part.loading)(membersFor, body, {
      log: logOf(request),
      onMessage: (message) => securityEvents?.message(request, message),
    });
  };
  return openRoutes([toRoute('POST', path, answer, { readsBody: true })]);
}
