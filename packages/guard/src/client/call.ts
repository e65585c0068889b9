import * as oauth from 'oauth4webapi';
import { type AuthError, type Discovery, isAuthError } from '../core/index.ts';
import { adviseOnRealm, OTHER_ISSUER, toSafeText } from '../core/internal.ts';
import { type CallOptions, type ClientContext, toBrowserEndpoints } from './context.ts';
import { diagnoseTokenError } from './diagnosis.ts';
import { AuthorizationError, ClientError, type Diagnosis, type TokenAnswer } from './errors.ts';
import { createRecordingFetch, probe, type RecordingFetch } from './recording-fetch.ts';

/** The arguments that requests of oauth4webapi take. */
export interface OAuthApi {
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly fetch: RecordingFetch['fetch'];
  /** The same with this client's authentication, for forms. */
  readonly authenticated: RecordingFetch['fetch'];
  /** Made for each request: its time begins when it is asked for. */
  options(): oauth.HttpRequestOptions<'POST', URLSearchParams> & oauth.DPoPRequestOptions;
  /** Signs proofs, where tokens are bound to a key. */
  readonly dpop: oauth.DPoPHandle | undefined;
}

/**
 * Runs one verb against Keycloak and turns every failure into a {@link ClientError}.
 *
 * @throws {ClientError}
 */
export async function callKeycloak<T>(
  context: ClientContext,
  call: CallOptions,
  verb: (api: OAuthApi) => Promise<T>,
): Promise<T> {
  const discovery = await discover(context);
  const dpop = await context.dpop?.handle(discovery);
  const recorder = createRecordingFetch(context, call.clientIp);
  const run = () => verb(toApi(context, discovery, dpop, recorder, call.signal));
  try {
    // RFC 9449 §8: once more, with the nonce that came along.
    return await run().catch((error: unknown) => {
      if (dpop !== undefined && oauth.isDPoPNonceError(error)) return run();
      throw error;
    });
  } catch (error) {
    if (error instanceof AuthorizationError) throw error;
    // Whoever gave up learns nothing of Keycloak.
    call.signal?.throwIfAborted();
    // Keycloak came back under another host name: its new name is known for the next call.
    if (isAboutIdToken(error)) await context.issuer.refresh().catch(throwIfOtherIssuer);
    const { credential, realm, clientId } = context;
    if (isAuthError(error)) throw new ClientError(unusableCredential(error), 0);
    const hidden = [...(call.hidden ?? []), ...credential.secrets()];
    // Nothing was sent, nothing failed on the way: a mistake in this program.
    if (recorder.answer().status === 0 && recorder.answer().failure === undefined) throw error;
    const answer: TokenAnswer = { ...recorder.answer(), realm, clientId, credential: credential.kind };
    if (isAboutIdToken(error) && answer.status === 200)
      throw new ClientError(idTokenDiagnosis(error, context.issuer.current?.isFollowingCaller), 200);
    throw new ClientError(diagnoseTokenError(answer, hidden), answer.status);
  }
}

async function discover(context: ClientContext): Promise<Discovery> {
  try {
    return await context.issuer.discover();
  } catch (error) {
    if (!isAuthError(error)) throw error;
    throwIfOtherIssuer(error);
    const url = context.issuer.endpoints.discovery;
    const status = Number(/^HTTP (\d{3})$/.exec(error.seen ?? '')?.[1] ?? 0);
    // Only the body distinguishes a wrong realm from a wrong address; without an answer there is no body.
    const answer: TokenAnswer =
      error.code === 'provider_misconfigured'
        ? await bodyOf(error, () => probe(context, url))
        : { status, url, failure: status === 0 ? (error.seen ?? 'no answer') : undefined };
    throw new ClientError(
      diagnoseTokenError({ ...answer, realm: context.realm, clientId: context.clientId }),
      answer.status,
    );
  }
}

const bodies = new WeakMap<AuthError, Promise<TokenAnswer>>();

/** All who share a failure share the call that reads its body. */
function bodyOf(error: AuthError, read: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
  const body = bodies.get(error) ?? read();
  bodies.set(error, body);
  return body;
}

/** @throws {ClientError} if Keycloak has another issuer than is set */
function throwIfOtherIssuer(error: AuthError): void {
  const fix = adviseOnRealm(error);
  if (error.seen !== OTHER_ISSUER || fix === undefined) return;
  throw new ClientError({ id: 'other-issuer', kind: 'client_misconfigured', cause: error.reason, fix }, 200);
}

/** Made for each call, because the address of the user goes with it. */
function toApi(
  context: ClientContext,
  discovery: Discovery,
  dpop: oauth.DPoPHandle | undefined,
  { fetch, authenticated }: RecordingFetch,
  signal: AbortSignal | undefined,
): OAuthApi {
  const { endpoints } = context.issuer;
  const { clientId, clockToleranceSeconds, timeoutMs } = context;
  return {
    server: {
      issuer: discovery.issuer,
      token_endpoint: endpoints.token,
      revocation_endpoint: endpoints.revocation,
      device_authorization_endpoint: endpoints.deviceAuthorization,
      ...toBrowserEndpoints(discovery, endpoints),
      ...toIdTokenAlgorithms(discovery),
    },
    client: { client_id: clientId, [oauth.clockTolerance]: clockToleranceSeconds },
    // A call by `options` carries the credential.
    authentication: () => {},
    fetch,
    authenticated,
    dpop,
    options: () => ({
      ...(dpop === undefined ? {} : { DPoP: dpop }),
      [oauth.customFetch]: authenticated,
      // The operator chose http:// in the server URL.
      [oauth.allowInsecureRequests]: endpoints.token.startsWith('http://'),
      signal: within(timeoutMs, signal),
    }),
  };
}

function within(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
}

/** OpenID Connect Discovery 1.0 §3. `none` is of no use here (OpenID Connect Core 1.0 §3.1.3.7); RS256 where nothing is said. */
function toIdTokenAlgorithms({ metadata }: Discovery) {
  const said = metadata.id_token_signing_alg_values_supported;
  if (!Array.isArray(said)) return {};
  const algorithms = said.filter((alg): alg is string => typeof alg === 'string' && alg !== 'none');
  return { id_token_signing_alg_values_supported: algorithms };
}

/** The credential of this client is missing, half written or expired. */
function unusableCredential({ reason }: AuthError): Diagnosis {
  return {
    id: 'credential-unusable',
    kind: 'provider_unavailable',
    cause: reason,
    fix: 'Look at who writes the file, and whether this process may read it. The next call after that succeeds.',
  };
}

function isAboutIdToken(error: unknown): boolean {
  const code = error instanceof oauth.OperationProcessingError ? error.code : undefined;
  return code === oauth.JWT_CLAIM_COMPARISON || code === oauth.JWT_TIMESTAMP_CHECK;
}

/** What oauth4webapi says of a claim. */
interface IdTokenFault {
  readonly claim?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expected?: unknown;
}

/** @param isFollowing see `Discovery.isFollowingCaller` */
function idTokenDiagnosis(error: unknown, isFollowing = false): Diagnosis {
  const { claim, claims, expected } = (error as { cause?: IdTokenFault }).cause ?? {};
  const isClock = error instanceof oauth.OperationProcessingError && error.code === oauth.JWT_TIMESTAMP_CHECK;
  return isClock
    ? {
        id: 'clock-skew',
        kind: 'client_misconfigured',
        cause: 'the clocks of this machine and of Keycloak differ: a fresh ID token is not valid',
        fix: 'Set both clocks (NTP), or raise the option clockToleranceSeconds.',
      }
    : {
        id: 'issuer-changed',
        kind: isFollowing ? 'client_misconfigured' : 'provider_unavailable',
        cause:
          claim === 'iss'
            ? toSafeText(
                isFollowing
                  ? `${expected} is set as the issuer, and Keycloak issued an ID token as ${claims?.iss}`
                  : `Keycloak issued an ID token as ${claims?.iss}, and named itself ${expected} before`,
              )
            : 'Keycloak issued an ID token for another client or login than this one',
        fix: isFollowing
          ? 'Correct the option issuer or leave it out; if it is right, set KC_HOSTNAME of Keycloak to its public URL.'
          : 'Set KC_HOSTNAME of Keycloak to its public URL. If Keycloak has just been reconfigured, the next try succeeds.',
      };
}
