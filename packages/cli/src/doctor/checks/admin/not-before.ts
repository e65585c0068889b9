import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, fail, ok, skipped } from '../../check.ts';

/** A not-before in the future makes every new token invalid. */
export const notBefore: Check = {
  id: 'realm.not-before',
  needs: ['admin.login', 'realm.exists'],
  async run({ reach }) {
    const { admin, caller } = reach;
    if (admin === null) return skipped('no admin was given');
    const [realm, client] = [(await admin.realm())?.notBefore ?? 0, (await admin.client())?.notBefore ?? 0];
    const now = Date.now() / 1000 + 5;
    const at = (seconds: number) => new Date(seconds * 1000).toISOString();
    if (realm > now) {
      return fail(
        at(realm),
        `the not-before of the realm '${caller.realm}' lies ahead: every token is refused until then`,
        `Sessions > Action > Revocation > Clear\nkcadm.sh update ${toShellWord(`realms/${caller.realm}`)} -s notBefore=0`,
      );
    }
    if (client > now) {
      return fail(
        at(client),
        `the not-before of the client '${caller.clientId}' lies ahead: every token of it is refused until then`,
        `Clients > ${caller.clientId} > Advanced > Revocation > Clear`,
      );
    }
    const latest = Math.max(realm, client);
    return ok(latest === 0 ? 'none' : `tokens from before ${at(latest)} are refused`);
  },
};
