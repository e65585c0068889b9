import { createPublicKey } from 'node:crypto';
import { type ClientContext, createContext } from '../../client/internal.ts';
import {
  createIssuer,
  createVerifier,
  type OptionProblem,
  OptionsError,
  type Verifier,
} from '../../core/index.ts';
import { ANY_AUDIENCE, findOptionProblems, type OptionRules, optionRules } from '../../core/internal.ts';
import type { Config } from './config.ts';
import type { EngineOptions } from './options.ts';
import { type PinnedKey, pinKey } from './pinned-key.ts';

/** Verifies tokens with the one, calls Keycloak with the other. */
export interface Engine {
  readonly verifier: Verifier;
  readonly client: ClientContext;
  readonly pinned: PinnedKey | undefined;
}

interface Settings {
  readonly 'auth-server-url': string;
  readonly realm: string | undefined;
  readonly resource: string | undefined;
  readonly 'realm-public-key': string | undefined;
}

const RULES: OptionRules<Settings> = {
  'auth-server-url': optionRules.SERVER_URL,
  realm: optionRules.REALM,
  resource: optionRules.required(optionRules.string('must be the client id of this application', "'my-app'")),
  'realm-public-key': {
    rule: 'must be an RSA key of at least 2,048 bits, in base64; or leave it out: then keys may be replaced',
    example: "'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…'",
    isMet: (value) => isKey(value as string),
  },
};

/** The wrong settings, by their names in `keycloak.json`. */
export function findSettingProblems(config: Config): OptionProblem[] {
  const { authServerUrl, realm, clientId: resource, publicKey } = config;
  return findOptionProblems(
    { 'auth-server-url': authServerUrl, realm, resource, 'realm-public-key': publicKey },
    RULES,
  );
}

/** @throws {OptionsError} naming every setting that is missing or wrong */
export function createEngine(config: Config, options: EngineOptions): Engine {
  const problems = findSettingProblems(config);
  if (problems.length > 0) throw new OptionsError('Keycloak', problems);
  const [serverUrl, realm, clientId] = [
    config.authServerUrl,
    config.realm as string,
    config.clientId as string,
  ];
  const clientSecret = config.public ? undefined : config.secret || undefined;
  const baseUrl = createIssuer({ serverUrl, realm }).baseUrl;
  const pinned = config.publicKey === undefined ? undefined : pinKey(config.publicKey, baseUrl, fetch);
  const verifier = createVerifier({
    ...options,
    serverUrl,
    realm,
    clientId,
    clientSecret,
    audience: toAudience(config),
    // keycloak-connect's `content` holds the signed claims, and its roles come from them.
    fillClaims: false,
    fetch: pinned?.fetch ?? fetch,
  });
  const { timeoutMs, clockToleranceSeconds } = options;
  const client = createContext({
    ...{ serverUrl, realm, clientId, clientSecret, timeoutMs, clockToleranceSeconds },
    issuer: verifier.issuer,
  });
  return { verifier, client, pinned };
}

function toAudience({ verifyTokenAudience, clientId }: Config): string | undefined {
  if (verifyTokenAudience === false) return ANY_AUDIENCE as never;
  return verifyTokenAudience === true ? clientId : undefined;
}

function isKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  } catch {
    return false;
  }
}
