import { type Credential, createIssuer, type Issuer, type Verifier } from '../core/index.ts';
import { checkOptions, createNoticeLines, partsOf, toCredential } from '../core/internal.ts';
import { createDpopKey, type DpopKey } from './dpop.ts';
import { CLIENT_RULES, type ClientOptions } from './options.ts';

/** What every verb needs. */
export interface ClientContext {
  readonly issuer: Issuer;
  readonly realm: string;
  readonly clientId: string;
  readonly credential: Credential;
  /** To which tokens are bound. */
  readonly dpop: DpopKey | undefined;
  readonly timeoutMs: number;
  readonly clockToleranceSeconds: number;
  readonly fetch: typeof fetch;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createContext(options: ClientOptions): ClientContext {
  checkOptions('createClient', options, CLIENT_RULES);
  const timeoutMs = options.timeoutMs ?? 5_000;
  const { serverUrl, realm, clientId } = options;
  const issuer = options.issuer ?? createIssuer({ serverUrl, realm, timeoutMs, fetch: options.fetch });
  return {
    issuer,
    realm,
    clientId,
    credential: toCredential('createClient', options, {
      clientId,
      onNotice: createNoticeLines(`${serverUrl}, realm ${realm}`),
      clock: Date.now,
    }),
    dpop: createDpopKey(options.dpop ?? false, issuer),
    timeoutMs,
    clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
    fetch: options.fetch ?? fetch,
  };
}

/** The client whose tokens a verifier takes, with its credential; `undefined` for a verifier that was not made here. */
export function contextOfVerifier(verifier: Verifier<object>): ClientContext | undefined {
  const parts = partsOf(verifier);
  if (parts === undefined) return undefined;
  const { issuer, clientId } = verifier;
  const { clockToleranceSeconds } = verifier.context.options;
  return { ...parts, issuer, clientId, dpop: undefined, clockToleranceSeconds };
}
