import { OptionsError } from '../http/errors.ts';
import { fillOptions, type OptionRules } from '../options/check-options.ts';
import { CLIENT_SECRET, CLOCK, NOTICE_LISTENER, required, string } from '../options/option-rules.ts';
import type { Notice } from '../runtime/notice.ts';
import { createNoticeLines } from '../runtime/notice-lines.ts';
import { toSafeListener } from '../runtime/safe-listener.ts';
import type { Credential, CredentialContext } from './credential.ts';
import { makeCredential } from './make-credential.ts';
import { CREDENTIAL, type CredentialOptions, isCredential } from './options.ts';

/** Options of {@link createCredential}. */
export interface CreateCredentialOptions {
  readonly clientId: string;
  readonly credential: CredentialOptions;
  /** Hears of files that cannot be used. Default: a line on the standard error output. `false`: nobody hears of them. */
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

/** As options of other factories name a credential. */
export interface GivenCredential {
  readonly clientSecret?: string | undefined;
  readonly credential?: CredentialOptions | Credential | undefined;
}

/** The rules of {@link GivenCredential}. */
export const CREDENTIAL_RULES: OptionRules<GivenCredential> = {
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
  given: GivenCredential,
  context: CredentialContext,
): Credential {
  const { clientSecret, credential } = given;
  if (clientSecret !== undefined && credential !== undefined) {
    const rule = 'must not be given beside clientSecret, which is the short form of it';
    throw new OptionsError(subject, [{ option: 'credential', rule, example: '{ secret }' }]);
  }
  if (isCredential(credential)) return credential;
  return makeCredential(clientSecret === undefined ? credential : { secret: clientSecret }, context);
}
