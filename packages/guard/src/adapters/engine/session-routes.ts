import { createClient } from '../../client/index.ts';
import type { TokenVerifier, VerifierOptions } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import {
  createSessions,
  type SessionOptions,
  type SessionRequest,
  type Sessions,
} from '../../session/index.ts';
import { type Route, type Routes, toRoutes } from './routes.ts';

/**
 * Options of browser sessions in an adapter. `client` may be left out where the adapter was given `serverUrl`: then
 * it is that client, with its credential.
 */
export type SessionSettings<Incoming> = Omit<SessionOptions<Incoming>, 'client'> &
  Partial<Pick<SessionOptions<Incoming>, 'client'>>;

/** The options of a verifier that say which client of which realm this is. */
export type ClientSettings = Partial<
  Pick<VerifierOptions, 'serverUrl' | 'realm' | 'clientId' | 'timeoutMs' | 'fetch'>
>;

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function openSessions<Incoming>(
  verifier: TokenVerifier,
  options: ClientSettings,
  settings: SessionSettings<Incoming>,
): Sessions<Incoming> {
  const client = settings.client ?? clientOf(verifier, options);
  return createSessions<Incoming>({ ...settings, client: client as NonNullable<typeof client>, verifier });
}

/** The same client of the same realm; `undefined` where the options do not say which. */
export function clientOf(
  { members }: Pick<TokenVerifier, 'members'>,
  { serverUrl, realm, clientId, timeoutMs, fetch }: ClientSettings,
) {
  if (serverUrl === undefined || realm === undefined || clientId === undefined) return undefined;
  const [member] = members;
  const credential = member && partsOf(member)?.credential;
  return createClient({ serverUrl, realm, clientId, credential, issuer: member?.issuer, timeoutMs, fetch });
}

export function toSessionRoutes<Incoming>(
  sessions: Sessions<Incoming>,
  toWire: (request: Incoming) => SessionRequest<Incoming>,
): Routes<Incoming> {
  const { paths, startLogin, finishLogin, describe, signOut } = sessions;
  const route = (
    method: Route<Incoming>['method'],
    path: string,
    takesHead: boolean,
    answer: Sessions<Incoming>['startLogin'],
  ): Route<Incoming> => ({
    method,
    path,
    takesHead,
    readsBody: false,
    answer: (request) => answer(toWire(request)),
  });
  return toRoutes([
    route('GET', paths.startLogin, true, startLogin),
    route('GET', paths.finishLogin, false, finishLogin),
    route('GET', paths.describe, true, describe),
    route('POST', paths.signOut, false, signOut),
  ]);
}
