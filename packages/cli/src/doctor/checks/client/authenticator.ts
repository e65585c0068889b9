import { toWords } from '../../../keycloak/page.ts';
import { check, fail, ok } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { findClientState } from '../../evidence/client.ts';
import { credentialSetting } from '../../evidence/credential.ts';
import { kcadm } from '../../kcadm.ts';
import { diagnosed, onPage } from './say.ts';

/** What to set here, by the client's authenticator. None of them leads back to a secret that is sent. */
const SET_HERE: Readonly<Record<string, (reach: Reach) => string>> = {
  'client-jwt': (reach) =>
    `Set KEYCLOAK_CLIENT_KEY_FILE to the file with the private key, in place of ${credentialSetting(reach.config)} (library: credential: { keyFile }), and give Keycloak the public key: ${onPage(reach, 'Keys')}`,
  'federated-jwt': (reach) =>
    `Set KEYCLOAK_CLIENT_TOKEN_FILE to the file with the token that Kubernetes or SPIFFE writes, in place of ${credentialSetting(reach.config)} (library: credential: { tokenFile })`,
  'client-x509': (reach) =>
    `Set KEYCLOAK_CLIENT_CERTIFICATE_FILE and KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE to the files with the certificate and its key, in place of ${credentialSetting(reach.config)} (library: credential: { certificateFile, certificateKeyFile })`,
  'client-secret-jwt': (reach) =>
    `Library: credential: { secret, method: 'jwt' }. The service signs with a key only: ${toKey(reach)}`,
};

const toKey = (reach: Reach): string =>
  `${onPage(reach, 'Credentials > Client Authenticator = Signed JWT')}, then set KEYCLOAK_CLIENT_KEY_FILE\n${kcadm(reach, 'clientAuthenticatorType=client-jwt')}`;

export const clientAuthenticator = check(
  'client.authenticator',
  ['client.enabled', 'settings.secret'],
  async ({ reach }) => {
    const grant = await reach.client.passwordGrant();
    const { credential } = reach.caller;
    const isSecret = credential === undefined || credential.kind === 'secret';
    if ((await findClientState(reach.client)) !== 'other-authenticator') {
      return ok(isSecret ? 'client id and secret' : `client id and ${credentialSetting(reach.config)}`);
    }
    const words = String(grant.json?.error_description);
    // Keycloak says this to each client that shows a credential of the wrong kind.
    const isOtherKind = isSecret || (credential.kind !== 'token' && /^invalid client/i.test(words));
    if (!isOtherKind) return diagnosed(reach, grant);
    const type = (await reach.admin?.client().catch(() => undefined))?.clientAuthenticatorType;
    const isSigned = /assertion/i.test(words);
    const what = isSigned
      ? 'a signed JWT'
      : 'something else (a TLS client certificate, or a token that Kubernetes or SPIFFE writes)';
    const likely = isSigned ? ['client-jwt', 'client-secret-jwt'] : ['client-x509', 'federated-jwt'];
    const known = type !== undefined && Object.hasOwn(SET_HERE, type) ? [type] : likely;
    return fail(
      toWords(grant),
      `the client '${reach.caller.clientId}' must authenticate with ${what}${type ? ` ('${type}')` : ''}, but this service sends ${isSecret ? 'a secret' : 'an assertion that its key signs'}`,
      known.map((one) => `${known.length > 1 ? `For ${one}: ` : ''}${SET_HERE[one]?.(reach)}`).join('\n'),
    );
  },
);
