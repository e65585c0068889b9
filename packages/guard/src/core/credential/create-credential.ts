import { fillOptions, type OptionRules } from '../options/check-options.ts';
import { CLOCK, NOTICE_LISTENER, required, string } from '../options/option-rules.ts';
import { createNoticeLines, type Notice, toSafeListener } from '../runtime/notice.ts';
import { CREDENTIAL, type Credential, type CredentialOptions } from './credential.ts';
import { makeCredential } from './make-credential.ts';

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
