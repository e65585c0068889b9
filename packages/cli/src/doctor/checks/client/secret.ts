import { toWords } from '../../../keycloak/page.ts';
import { check, fail, ok } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { diagnosed, onPage, refusalOf } from './say.ts';

export const clientSecret = check('client.secret', ['client.authenticator'], async ({ reach }) => {
  const state = await findClientState(reach.client);
  if (state === 'public') return ok('not looked at: a public client has none');
  const grant = await reach.client.passwordGrant();
  if (state === 'unclear' && /invalid_client|unauthorized_client/.test(refusalOf(grant)))
    return diagnosed(reach, grant);
  if (state !== 'wrong-secret') return ok('accepted');
  const { credential, clientId, clientSecret = '' } = reach.caller;
  if (credential !== undefined && credential.kind !== 'secret') return diagnosed(reach, grant);
  const isFile = credential !== undefined;
  return fail(
    toWords(grant),
    `the secret of the client '${clientId}' is wrong${hintAt(clientSecret)}`,
    isFile
      ? `${onPage(reach, 'Credentials > Client secret')}: write it to the file that KEYCLOAK_CLIENT_SECRET_FILE names, and nothing else`
      : `${onPage(reach, 'Credentials > Client secret')}: copy it to KEYCLOAK_CLIENT_SECRET, without quotes, spaces or a line break\nOr let keycloak-guard setup --overwrite-env write it to .env.`,
    isFile ? undefined : ['--overwrite-env'],
  );
});

/** Names an unusual feature of the secret, without showing it. */
function hintAt(secret: string): string {
  if (/^["'].*["']$/.test(secret)) return ' (it has quotes around it)';
  if (/^["'`]|["'`]$/.test(secret)) return ' (it has a quote at one end)';
  if (/\\[nr]$|%0[AD]$/i.test(secret)) return ' (it ends with a line break, written out)';
  if (/\s/.test(secret)) return ' (it has white space in it)';
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(secret)) {
    return ' (it looks like a UUID: is it the id of the client?)';
  }
  if (/^[A-Za-z0-9]{32}$/.test(Buffer.from(secret, 'base64').toString('latin1').trim())) {
    return ' (it looks like base64, as Kubernetes shows Secrets: decode it)';
  }
  return '';
}
