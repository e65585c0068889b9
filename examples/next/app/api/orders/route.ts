// Everybody's own orders. A guard takes the session's cookie as well as a bearer token.
import { kc } from '../../../lib/keycloak.ts';
import { orders } from '../../../lib/orders.ts';

export const GET = kc.guard({}, (_request, { principal }) =>
  Response.json(orders.filter(({ owner }) => owner !== null && owner === principal.subject)),
);

export const POST = kc.guard({ realmRole: 'user' }, async (request, { principal }) => {
  const item = await request.text();
  if (item === '') return Response.json({ detail: 'An order has an item' }, { status: 422 });
  const order = { id: orders.length + 1, owner: principal.subject, item };
  orders.push(order);
  return Response.json(order, { status: 201 });
});
