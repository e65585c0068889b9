import { type Credential, createIssuer, type Issuer, type Verifier } from '../core/index.ts';
import {
  createNoticeLines,
  type Filled,
  fillOptions,
  observeFetch,
  partsOf,
  toCredential,
} from '../core/internal.ts';
import { createDpopKey, type DpopKey } from './dpop.ts';
import { CLIENT_RULES, type ClientOptions } from './options.ts';

/** What every verb needs. */
export interface ClientContext
  extends Omit<
    Filled<ClientOptions, typeof CLIENT_RULES>,
    'serverUrl' | 'clientSecret' | 'credential' | 'dpop' | 'issuer' | 'observers'
  > {
  readonly issuer: Issuer;
  readonly credential: Credential;
  /** To which tokens are bound. */
  readonly dpop: DpopKey | undefined;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createContext(options: ClientOptions): ClientContext {
  const { serverUrl, dpop, clientSecret, credential, ...filled } = fillOptions(
    'createClient',
    options,
    CLIENT_RULES,
  );
  const { observers, ...rest } = filled;
  const { realm, clientId, timeoutMs } = rest;
  const fetch = observeFetch(rest.fetch, observers);
  const issuer = filled.issuer ?? createIssuer({ serverUrl, realm, timeoutMs, fetch });
  return {
    ...rest,
    fetch,
    issuer,
    credential: toCredential(
      'createClient',
      { clientSecret, credential },
      { clientId, onNotice: createNoticeLines(`${serverUrl}, realm ${realm}`), clock: Date.now },
    ),
    dpop: createDpopKey(dpop, issuer),
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
