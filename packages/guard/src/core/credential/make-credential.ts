import { OptionsError } from '../http/errors.ts';
import { toJsonObject } from '../jwt/compact-jws.ts';
import type { JsonWebKey } from '../jwt/signature.ts';
import { fillOptions, type OptionRules } from '../options/check-options.ts';
import { CLIENT_SECRET, CLOCK, NOTICE_LISTENER, required, string } from '../options/option-rules.ts';
import { loadPart } from '../runtime/concurrency.ts';
import { createNoticeLines, type Notice, toSafeListener } from '../runtime/notice.ts';
import {
  type Authentication,
  CREDENTIAL,
  type Credential,
  type CredentialAnswer,
  type CredentialContext,
  type CredentialKind,
  type CredentialOptions,
  isCredential,
  type SecretMethod,
} from './credential.ts';
import type { Material } from './file-material.ts';
import { readSigningKeys, type SigningKey } from './signing-key.ts';

/** Values that do not change. */
function fixedMaterial<M>(loaded: readonly M[]): Material<M> {
  return { candidates: async () => loaded, accepted() {}, refused() {}, loaded };
}

/** The content of a file. The code that reads files is loaded now. */
function materialOfFile<M>(open: (files: typeof import('./file-material.ts')) => Material<M>): Material<M> {
  const part = loadPart(async () => open(await import('./file-material.ts')));
  return {
    candidates: async () => (await part.loading).candidates(),
    accepted: (one) => part.loaded?.accepted(one),
    refused: (one) => part.loaded?.refused(one),
    get loaded() {
      return part.loaded?.loaded ?? [];
    },
  };
}

interface Kind<M> {
  readonly kind: CredentialKind;
  readonly material: Material<M>;
  readonly toAuthentication: (
    one: M,
    audience: () => Promise<string>,
  ) => Promise<Authentication> | Authentication;
  readonly secretsOf?: (one: M) => readonly string[];
  readonly keyOf?: (one: M) => JsonWebKey;
  readonly fetch?: typeof fetch;
  /** Default: `candidates` of the material. */
  readonly load?: () => Promise<unknown>;
}

/** As often as a call is sent: with the newest, the one before, and one that came meanwhile. */
const MOST_TRIES = 3;

/** @param options checked before by the rule `CREDENTIAL`; `undefined`: a public client */
function makeCredential(options: CredentialOptions | undefined, context: CredentialContext): Credential {
  const { clientId, clock } = context;
  const byId = { client_id: clientId };
  if (options === undefined) {
    return createFrom<null>({
      kind: 'none',
      material: fixedMaterial([null]),
      toAuthentication: () => toForm(byId),
    });
  }
  if ('secret' in options) return toSecret(fixedMaterial([options.secret]), options.method, context);
  if ('secretFile' in options) {
    const file = { what: 'file of the client secret', path: options.secretFile };
    const material = materialOfFile(({ fileMaterial, readSecret }) =>
      fileMaterial({ ...file, parse: readSecret }, context),
    );
    return toSecret(material, options.method, context);
  }
  if ('tokenFile' in options) {
    const file = { what: 'token file', path: options.tokenFile };
    return createFrom({
      kind: 'token',
      material: materialOfFile(({ fileMaterial, readTokenFile }) =>
        fileMaterial({ ...file, ...readTokenFile }, context),
      ),
      // Keycloak finds the client by the token's issuer and subject. With its name it says so if that is another one.
      toAuthentication: ({ token }) => toForm({ ...byId, ...asserted(token) }),
      secretsOf: ({ token }) => [token],
    });
  }
  if ('certificateFile' in options) {
    const { loading } = loadPart(async () =>
      (await import('./certificate-fetch.ts')).createCertificateFetch(options, context),
    );
    return createFrom<null>({
      kind: 'certificate',
      material: fixedMaterial([null]),
      async toAuthentication() {
        // Here, where it is no failed call, its code is missed if it cannot be loaded.
        await loading;
        return toForm(byId);
      },
      fetch: async (...call) => (await loading)(...call),
      load: async () => (await loading).load(),
    });
  }
  const { algorithm } = options;
  const assertions = loadAssertions();
  const parse = (text: string) => readSigningKeys(text, algorithm);
  return createFrom<SigningKey>({
    kind: 'key',
    material:
      'keyFile' in options
        ? materialOfFile((files) =>
            files.fileMaterial({ what: 'key file', path: options.keyFile, parse }, context),
          )
        : fixedMaterial(readSigningKeys(options.key, algorithm)),
    async toAuthentication(key, audience) {
      const { signAssertion } = await assertions.loading;
      return toForm({ ...byId, ...asserted(await signAssertion(key, clientId, await audience(), clock())) });
    },
    keyOf: ({ publicKey }) => publicKey,
  });
}

const loadAssertions = () => loadPart(() => import('./assertion.ts'));

function createFrom<M>(made: Kind<M>): Credential {
  const { kind, material, toAuthentication, secretsOf, keyOf, fetch, load = material.candidates } = made;
  let wasGood: boolean | undefined;
  return {
    kind,
    ...(fetch && { fetch }),
    async authenticate(realm, send) {
      // Keycloak may name itself by another address than the one that is called (OpenID Connect Discovery 1.0 §3).
      const audience = async () => String((await realm.discover()).metadata.issuer);
      const tried = new Set<M>();
      let [one] = await material.candidates();
      for (;;) {
        const next = one as M;
        tried.add(next);
        const answer = await send(await toAuthentication(next, audience));
        if (!isClientRefused(answer)) {
          material.accepted(next);
          return answer;
        }
        material.refused(next);
        one = tried.size < MOST_TRIES ? await findOther(material, tried) : undefined;
        if (one === undefined) return answer;
      }
    },
    async load() {
      wasGood ||= await load().then(
        () => true,
        () => false,
      );
    },
    get isMissing() {
      return wasGood === false;
    },
    secrets: () => (secretsOf ? material.loaded.flatMap(secretsOf) : []),
    publicKeys: async () => ({ keys: keyOf ? (await material.candidates()).map(keyOf) : [] }),
  };
}

/** The next credential to try; `undefined`: the refusal is the answer. */
async function findOther<M>(material: Material<M>, tried: ReadonlySet<M>): Promise<M | undefined> {
  const all = await material.candidates().catch(() => []);
  return all.find((one) => !tried.has(one));
}

/** RFC 6749 §5.2; Keycloak says `unauthorized_client` for a wrong secret. */
function isClientRefused({ status, body }: CredentialAnswer): boolean {
  if (status !== 400 && status !== 401) return false;
  const error = toJsonObject(body)?.error;
  return error === 'invalid_client' || error === 'unauthorized_client';
}

function toSecret(
  material: Material<string>,
  method: SecretMethod = 'post',
  { clientId, clock }: CredentialContext,
): Credential {
  const byId = { client_id: clientId };
  const secretsOf = (secret: string) => [toBasic(clientId, secret), encode(secret), secret];
  if (method === 'jwt') {
    const assertions = loadAssertions();
    return createFrom<string>({
      kind: 'secret-jwt',
      material,
      secretsOf,
      async toAuthentication(secret, audience) {
        const { signAssertion, toSecretSigner } = await assertions.loading;
        const signer = toSecretSigner(secret);
        return toForm({
          ...byId,
          ...asserted(await signAssertion(signer, clientId, await audience(), clock())),
        });
      },
    });
  }
  return createFrom<string>({
    kind: 'secret',
    material,
    secretsOf,
    toAuthentication: (secret) =>
      method === 'basic'
        ? { headers: { authorization: `Basic ${toBasic(clientId, secret)}` }, fields: {} }
        : toForm({ ...byId, client_secret: secret }),
  });
}

const toForm = (fields: Authentication['fields']): Authentication => ({ headers: {}, fields });

/** RFC 7521 §4.2 */
const asserted = (assertion: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: assertion,
});

/** RFC 6749 §2.3.1: both parts are form-encoded first. */
function toBasic(clientId: string, secret: string): string {
  return Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64');
}

function encode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** As options of other factories name a credential. */
export interface CredentialInput {
  readonly clientSecret?: string | undefined;
  readonly credential?: CredentialOptions | Credential | undefined;
}

/** The rules of {@link CredentialInput}. */
export const CREDENTIAL_RULES: OptionRules<CredentialInput> = {
  clientSecret: CLIENT_SECRET,
  credential: CREDENTIAL,
};

/**
 * The credential that options name, checked before by {@link CREDENTIAL_RULES}; without any, that of a public client.
 *
 * @throws {OptionsError} if both are given
 */
export function toCredential(
  subject: string,
  input: CredentialInput,
  context: CredentialContext,
): Credential {
  const { clientSecret, credential } = input;
  if (clientSecret !== undefined && credential !== undefined) {
    const rule = 'must not be given beside clientSecret, which is the short form of it';
    throw new OptionsError(subject, [{ option: 'credential', rule, example: '{ secret }' }]);
  }
  if (isCredential(credential)) return credential;
  return makeCredential(clientSecret === undefined ? credential : { secret: clientSecret }, context);
}

/** Options of {@link createCredential}. */
export interface CreateCredentialOptions {
  readonly clientId: string;
  readonly credential: CredentialOptions;
  /** Called for files that cannot be used. Default: a line on the standard error output. `false`: none. */
  readonly onNotice?: ((notice: Notice) => void) | false | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

const RULES = {
  clientId: required(string('must be the client id', "'my-api'")),
  credential: required(CREDENTIAL),
  onNotice: NOTICE_LISTENER,
  clock: CLOCK,
} satisfies OptionRules<CreateCredentialOptions>;

/**
 * Makes a credential for several verifiers and clients, or to publish its keys. Reads no file yet.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const credential = createCredential({ clientId: 'my-api', credential: { keyFile: '/run/secrets/client-key.pem' } });
 * const verifier = createVerifier({ ...keycloak, clientId: 'my-api', credential });
 */
export function createCredential(options: CreateCredentialOptions): Credential {
  const { clientId, credential, clock, ...rest } = fillOptions('createCredential', options, RULES);
  const onNotice = toSafeListener(rest.onNotice ?? createNoticeLines(`client ${clientId}`));
  return makeCredential(credential, { clientId, onNotice, clock });
}
