import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { check, fail, ok, warn } from '../../check.ts';
import { keysOf } from '../../evidence/realm.ts';
import { oneDatabase } from '../token-input/explain-key.ts';

const GOOD = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;

export const keysSigning = check('keys.signing', ['realm.https'], async ({ reach }) => {
  const answer = await reach.realm.certs();
  const keys = keysOf(answer.json);
  if (answer.status !== 200 || keys === undefined) {
    const stranger = judgeStranger(answer);
    if (stranger !== undefined) {
      return { ...stranger, cause: `the keys of the realm cannot be read: ${stranger.cause}` };
    }
    return fail(
      toWords(answer),
      'the keys of the realm cannot be read',
      `Open ${answer.url}. A proxy in front of Keycloak must pass it on.`,
    );
  }
  const signing = keys.filter(({ use }) => use !== 'enc');
  const good = signing.filter(({ alg }) => alg === undefined || GOOD.test(String(alg)));
  const names = (list: Record<string, unknown>[]) =>
    list.map(({ alg, kty }) => String(alg ?? kty)).join(', ');
  const fix =
    'Realm settings > Keys > Add providers: make one of rsa-generated or ecdsa-generated enabled and active, then log in again.';
  if (good.length === 0) {
    return fail(
      `signing keys: ${names(signing) || 'none'}`,
      'the realm publishes no key with which a token could be verified',
      fix,
    );
  }
  if ((await reach.realm.certsOfOthers()).length > 0) {
    return fail(
      'asked again, the same address hands out other keys',
      `${reach.caller.serverUrl} is several Keycloaks that do not share their keys: a token of one is refused where the keys of another were fetched`,
      oneDatabase(reach.caller.serverUrl),
    );
  }
  const supported = (await reach.realm.discovery()).json?.id_token_signing_alg_values_supported;
  const isOdd = Array.isArray(supported) && !good.some(({ alg }) => supported.includes(alg));
  if (isOdd) return warn(names(good), 'the realm signs with algorithms that it does not announce', fix);
  return ok(`${names(good)}${keys.length > signing.length ? ', and keys for encryption (ignored)' : ''}`);
});
