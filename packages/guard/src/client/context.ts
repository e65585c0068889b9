import { createIssuer, type Issuer } from '../core/index.ts';
import { type Filled, fillOptions } from '../core/internal.ts';
import { createDpopKey, type DpopKey } from './dpop.ts';
import { CLIENT_RULES, type ClientOptions } from './options.ts';

/** What every verb needs. */
export interface ClientContext
  extends Omit<Filled<ClientOptions, typeof CLIENT_RULES>, 'serverUrl' | 'dpop' | 'issuer'> {
  readonly issuer: Issuer;
  /** To which tokens are bound. */
  readonly dpop: DpopKey | undefined;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createContext(options: ClientOptions): ClientContext {
  const { serverUrl, dpop, ...filled } = fillOptions('createClient', options, CLIENT_RULES);
  const { realm, timeoutMs, fetch } = filled;
  const issuer = filled.issuer ?? createIssuer({ serverUrl, realm, timeoutMs, fetch });
  return { ...filled, issuer, dpop: createDpopKey(dpop, issuer) };
}
