import type { LoaderFunctionArgs } from 'react-router';
import { kc } from '../keycloak.server.ts';

const admin = kc.guard({ realmRole: 'admin' }, () => Response.json({ secret: 42 }));

export const loader = ({ request }: LoaderFunctionArgs) => admin(request);
