import { check, fail, ok, skipped } from '../../check.ts';
import { findLock } from '../admin/user-troubles.ts';
import { explainLogin } from './cause.ts';

export const loginPassword = check(
  'login.password',
  ['client.password-grant'],
  async ({ reach, options }) => {
    const username = options.username;
    if (reach.login === null || username === undefined) {
      return skipped(
        username === undefined
          ? 'no user was given (--user)'
          : 'no password of the user was given (DOCTOR_PASSWORD)',
      );
    }
    // An admin can see a lock without a login, which could prolong it.
    const lock = reach.admin ? await findLock(reach.admin, username).catch(() => undefined) : undefined;
    if (lock !== undefined) return fail('not tried: the user is locked', lock.cause, lock.fix, lock.setup);
    const answer = await reach.login.login();
    if ((await reach.login.token()) !== undefined)
      return ok(`${username} logged in (${Math.round(answer.tookMs)} ms)`);
    if (answer.failure?.startsWith('not tried')) return skipped(answer.failure);
    return explainLogin(answer, username, reach);
  },
);
