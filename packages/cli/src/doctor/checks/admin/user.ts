import { type Check, check, fail, ok, skipped, warn } from '../../check.ts';
import { findUserTroubles, type UserTrouble } from './user-troubles.ts';

/** Makes a check of one kind of trouble with the user. */
function aboutUser(id: string, kinds: readonly UserTrouble['kind'][], good: string): Check {
  return check(
    id,
    id === 'user.exists' ? ['admin.login', 'realm.exists'] : ['user.exists'],
    async ({ reach, options }) => {
      if (reach.admin === null || options.username === undefined)
        return skipped('no user was given (--user)');
      const found = (await findUserTroubles(reach.admin, options.username)).filter(({ kind }) =>
        kinds.includes(kind),
      );
      if (found.length === 0) return ok(good);
      const login = await reach.login?.login();
      // A trouble that did not keep the user out is none.
      if (typeof login?.json?.access_token === 'string') return ok('the user logged in as it is');
      // Only our reading of the realm's rules: no login has confirmed it.
      const isGuess = login === undefined && found.every(({ kind }) => kind === 'invalid');
      return (isGuess ? warn : fail)(
        found.map(({ kind }) => kind).join(', '),
        found.map(({ cause }) => cause).join('; '),
        found.map(({ fix }) => fix).join('\n'),
        found[0]?.setup,
      );
    },
  );
}

export const USER_CHECKS: readonly Check[] = [
  aboutUser('user.exists', ['missing'], 'there'),
  aboutUser('user.enabled', ['disabled'], 'on'),
  aboutUser('user.locked', ['locked'], 'not locked'),
  aboutUser('user.required-actions', ['actions'], 'none'),
  aboutUser('user.profile', ['profile', 'invalid', 'email'], 'complete'),
  aboutUser('user.credentials', ['credentials', 'otp', 'expired'], 'a password that lasts'),
];
