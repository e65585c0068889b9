import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { diagnose } from '../../../keycloak/diagnose.ts';
import { type Check, fail, ok } from '../../check.ts';

export const addressDns: Check = {
  id: 'address.dns',
  needs: ['settings.valid'],
  async run({ reach }) {
    const host = new URL(reach.caller.serverUrl).hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return ok(`${host} is an address`);
    try {
      const found = await lookup(host, { all: true });
      return ok(`${host} is ${found.map(({ address }) => address).join(', ')}`);
    } catch (error) {
      const failure = (error as NodeJS.ErrnoException).code ?? 'ENOTFOUND';
      const { cause, fix } = diagnose({ status: 0, failure, url: reach.caller.serverUrl });
      return fail(`${host}: ${failure}`, cause, fix);
    }
  },
};
