// The callers of pages and of server actions.
import { headers } from 'next/headers';
import { forbidden, redirect } from 'next/navigation';
import { kc } from './keycloak.ts';

export const { page, action } = kc.pages({ headers, redirect, forbidden });
