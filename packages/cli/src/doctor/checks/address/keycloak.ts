import { judgeServer } from '../../../keycloak/judge-server.ts';
import type { Check } from '../../check.ts';

export const addressKeycloak: Check = {
  id: 'address.keycloak',
  needs: ['address.port', 'address.tls'],
  run: async ({ reach }) => judgeServer(await reach.realm.server(), reach.caller),
};
