import { createClient } from '../../client/index.ts';
import type { AppClaims, TokenVerifier } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import type { SessionOptions, Sessions } from '../../session/index.ts';
import { buildSessions, resolveSessionOptions } from '../../session/internal.ts';
import {
  type ClientSettings,
  createEngine,
  type Door,
  type DoorHost,
  type Engine,
  type KeycloakOptions,
  resolveAdapterOptions,
  type SecurityEvents,
  type SessionSettings,
} from '../engine/internal.ts';
import { createPermits } from './create-permits.ts';
import { openTenantSessions } from './tenant-sessions.ts';

/**
 * The engine of an adapter, with sessions and permissions.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function createDoor<Incoming, Outgoing, C extends object = AppClaims>(
  options: KeycloakOptions<Incoming, C>,
  host: DoorHost<Incoming, Outgoing>,
): Door<Incoming, Outgoing, C> {
  const engine = createEngine(resolveAdapterOptions(host.factory, options), host);
  const plain = engine as unknown as Engine<Incoming, Outgoing>;
  return {
    ...engine,
    permits: createPermits(plain),
    openSessions: (settings) => engine.useSessions(openSessions(plain, settings, 'session')),
  };
}

/**
 * Browser sessions. Unless the settings have a client, they are those of the adapter's own client.
 *
 * @param factory what the application called, for errors
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openSessions<Incoming>(
  {
    verifier,
    clientSettings,
    securityEvents,
    tenants,
    verifierOf,
  }: Pick<
    Engine<Incoming, never>,
    'verifier' | 'clientSettings' | 'securityEvents' | 'tenants' | 'verifierOf'
  >,
  given: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  const settings = securityEvents === undefined ? given : telling(given, securityEvents);
  if (tenants !== undefined) return openTenantSessions(tenants, verifierOf, settings, factory);
  const options = { ...settings, client: settings.client ?? clientOf(verifier, clientSettings()) };
  const resolved = resolveSessionOptions(options as SessionOptions, factory);
  return buildSessions(verifier, resolved, settings.store === undefined);
}

/** Observers hear of sessions, beside the listener of the settings. */
function telling<Incoming>(
  settings: SessionSettings<Incoming>,
  { session }: SecurityEvents<Incoming>,
): SessionSettings<Incoming> {
  const { onEvent } = settings;
  if (onEvent !== undefined && typeof onEvent !== 'function') return settings;
  return {
    ...settings,
    onEvent(...told) {
      session(...told);
      return onEvent?.(...told);
    },
  };
}

/** The same client of the same realm; `undefined` if the options do not say which. */
function clientOf(
  { members }: Pick<TokenVerifier, 'members'>,
  { serverUrl, realm, clientId, timeoutMs }: ClientSettings,
) {
  if (serverUrl === undefined || realm === undefined || clientId === undefined) return undefined;
  const [member] = members;
  const { credential, fetch } = (member && partsOf(member)) ?? {};
  return createClient({ serverUrl, realm, clientId, credential, issuer: member?.issuer, timeoutMs, fetch });
}
