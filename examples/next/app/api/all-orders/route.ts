// All orders, for administrators.
import { kc } from '../../../lib/keycloak.ts';
import { orders } from '../../../lib/orders.ts';

export const GET = kc.guard({ realmRole: 'admin' }, () => Response.json(orders));
