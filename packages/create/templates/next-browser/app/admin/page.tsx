import { headers } from 'next/headers';
import { forbidden, redirect } from 'next/navigation';
import { kc } from '../../lib/keycloak.ts';

export default async function Admin() {
  const principal = await kc.principal({ headers: await headers(), method: 'GET' }, { optional: true });
  if (principal === null) redirect('/auth/login?return_to=/admin');
  if (!kc.has(principal, { realmRole: 'admin' })) forbidden();
  return (
    <main>
      <h1>For administrators</h1>
      <p>The secret is 42.</p>
    </main>
  );
}
