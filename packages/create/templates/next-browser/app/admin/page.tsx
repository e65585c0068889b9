import { page } from '../../lib/pages.ts';

export default async function Admin() {
  await page('/admin', { realmRole: 'admin' });
  return (
    <main>
      <h1>For administrators</h1>
      <p>The secret is 42.</p>
    </main>
  );
}
