import { createFileRoute } from '@tanstack/react-router';
import { createServerFn } from '@tanstack/react-start';
import { getRequest, setResponseHeader } from '@tanstack/react-start/server';
import { kc } from '../server/keycloak.ts';

const whoAmI = createServerFn().handler(async () => {
  const found = await kc.decide(getRequest(), { optional: true });
  if (found instanceof Response) throw found;
  // For this browser: a cache in front would hand it to others.
  setResponseHeader('cache-control', 'private');
  return {
    username: found?.username ?? null,
    isAdmin: found !== null && kc.has(found, { realmRole: 'admin' }),
  };
});

export const Route = createFileRoute('/')({ loader: () => whoAmI(), component: Home });

function Home() {
  const { username, isAdmin } = Route.useLoaderData();
  return (
    <main>
      {username === null ? <a href="/auth/login?return_to=/">Sign in</a> : <p>Hello {username}</p>}
      {isAdmin && <a href="/admin">For administrators</a>}
      <form method="post" action="/auth/logout">
        <button type="submit">Sign out</button>
      </form>
    </main>
  );
}
