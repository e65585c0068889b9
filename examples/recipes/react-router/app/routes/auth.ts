// Login, callback, session, logout.
import type { ActionFunctionArgs, LoaderFunctionArgs } from 'react-router';
import { kc } from '../keycloak.server.ts';

export const loader = ({ request }: LoaderFunctionArgs) => kc.handlers.GET(request);
export const action = ({ request }: ActionFunctionArgs) => kc.handlers.POST(request);
