import type { LoaderFunctionArgs } from 'react-router';
import { kc } from '../keycloak.server.ts';

const me = kc.guard({}, (_request, { principal }) => Response.json({ hello: principal.username }));

export const loader = ({ request }: LoaderFunctionArgs) => me(request);
