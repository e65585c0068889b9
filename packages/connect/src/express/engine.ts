import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  createIssuer,
  createVerifier,
  type OptionProblem,
  OptionsError,
  type Verifier,
  type VerifierOptions,
} from 'keycloak-guard';
import {
  ANY_AUDIENCE,
  type ClientContext,
  createContext,
  findOptionProblems,
  type KeyFinder,
  type OptionRules,
  optionRules,
  readBody,
  readCompactJws,
  toJsonObject,
  VERIFIER_RULES,
} from 'keycloak-guard/unstable/connect';
import type { Config } from './config.ts';

/** Options of `new Keycloak(options, config)`. */
export interface KeycloakOptions
  extends Pick<
    VerifierOptions,
    | 'tokenCheck'
    | 'recheckSeconds'
    | 'whenUnavailable'
    | 'timeoutMs'
    | 'clockToleranceSeconds'
    | 'revocationStore'
    | 'onNotice'
  > {
  /** The express-session store, the same one that the application gave to `session({ store })`. Default: no sessions. */
  // biome-ignore lint/suspicious/noExplicitAny: each express-session store has its own types
  readonly store?: any;
  /** Keeps the tokens in a cookie instead. Cannot be combined with `store`. Default false. */
  readonly cookies?: boolean | undefined;
  /** Scopes to ask for beside `openid`, separated by one space. Default none. */
  readonly scope?: string | undefined;
  /** Alias of the identity provider that Keycloak sends people on to. Default: Keycloak's login page. */
  readonly idpHint?: string | undefined;
}

/** The options that go to the engine. */
export type EngineOptions = Omit<KeycloakOptions, 'store' | 'cookies' | 'scope' | 'idpHint'>;

const { tokenCheck, recheckSeconds, whenUnavailable, timeoutMs, clockToleranceSeconds } = VERIFIER_RULES;
const { revocationStore, onNotice } = VERIFIER_RULES;

const RULES: OptionRules<KeycloakOptions> = {
  ...{ tokenCheck, recheckSeconds, whenUnavailable, timeoutMs, clockToleranceSeconds, revocationStore },
  onNotice,
  store: optionRules.having('a store of express-session', ['get', 'set'], 'new session.MemoryStore()'),
  cookies: optionRules.trueOrFalse(true),
  scope: optionRules.string('must be scopes, separated by one space', "'profile email'"),
  idpHint: optionRules.string('must be the alias of an identity provider', "'github'"),
};

/** The wrong options, and separately the unknown names: keycloak-connect ignored those, so they are only warned of. */
export function judgeOptions(options: KeycloakOptions) {
  // keycloak-connect treats `false` and `null` as not given.
  const present = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value || !(name in RULES)),
  );
  const unknown = Object.keys(present).filter((name) => !(name in RULES));
  const known = Object.fromEntries(Object.entries(present).filter(([name]) => name in RULES));
  return { problems: findOptionProblems(known, RULES), unknown };
}

/** A key that an application has pinned: no other key may sign. */
export interface PinnedKey {
  /** Leaves nothing in the realm's JWKS but the key, and knows who the issuer is while the realm does not answer. */
  readonly fetch: typeof globalThis.fetch;
  /**
   * Learns what a token calls the key, if the key signed it: the name never counted, the signature does. It is known at once:
   * loading the JWKS again for it may have to wait, after made-up names.
   */
  learn(token: string, keys: Pick<KeyFinder, 'alias'>): void;
}

/** With Keycloak's own name, as many as are read of a JWKS. */
const MAX_LEARNED = 99;

/**
 * @param pem a public key, used with RS256 only, as in keycloak-connect
 * @throws {Error} if it is not a key
 */
export function pinKey(pem: string, realmUrl: string, fetch: typeof globalThis.fetch): PinnedKey {
  const key = createPublicKey(pem);
  const pinned = { ...key.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
  // Keycloak's name of the key.
  const own = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const learned = new Set<string>();
  let known: object = { issuer: realmUrl };

  async function discover(...call: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const document = await fetch(...call)
      .then(async (answer) => (answer.ok ? toJsonObject(await readBody(answer)) : undefined))
      .catch(() => undefined);
    if (typeof document?.issuer === 'string') known = document;
    return Response.json(known);
  }

  return {
    fetch: async (input, init) => {
      if (input === `${realmUrl}/protocol/openid-connect/certs`)
        return Response.json({ keys: [own, ...learned].map((kid) => ({ ...pinned, kid })) });
      if (input === `${realmUrl}/.well-known/openid-configuration`) return discover(input, init);
      return fetch(input, init);
    },
    learn(token, keys) {
      try {
        const { header, input, signature } = readCompactJws(token);
        const { kid } = header;
        if (typeof kid !== 'string' || kid === own || learned.has(kid)) return;
        // Names can be made up: they must not displace those in use.
        if (!verify('sha256', input, key, signature)) return;
        learned.add(kid);
        keys.alias(kid, own);
        if (learned.size > MAX_LEARNED) learned.delete(learned.values().next().value as string);
      } catch {
        // Not a token: its verification reports that.
      }
    },
  };
}

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

const SETTING_RULES: OptionRules<Settings> = {
  'auth-server-url': optionRules.SERVER_URL,
  realm: optionRules.REALM,
  resource: optionRules.required(optionRules.string('must be the client id of this application', "'my-app'")),
  'realm-public-key': {
    rule: 'must be an RSA key of at least 2,048 bits, in base64; or leave it out: then keys may be replaced',
    example: "'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…'",
    accepts: (value) => isKey(value as string),
  },
};

/** The wrong settings, by their names in `keycloak.json`. */
export function findSettingProblems(config: Config): OptionProblem[] {
  const { authServerUrl, realm, clientId: resource, publicKey } = config;
  return findOptionProblems(
    { 'auth-server-url': authServerUrl, realm, resource, 'realm-public-key': publicKey },
    SETTING_RULES,
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
