// Keycloak reports that a session ended.
import type { ActionFunctionArgs } from 'react-router';
import { kc } from '../keycloak.server.ts';

export const action = ({ request }: ActionFunctionArgs) => kc.handlers.POST(request);
