import { data, type HeadersFunction, type LoaderFunctionArgs, useLoaderData } from 'react-router';
import { kc } from '../keycloak.server.ts';

export async function loader({ request }: LoaderFunctionArgs) {
  const found = await kc.decide(request, { optional: true });
  // A refusal, as the answer of this page.
  if (found instanceof Response) throw found;
  const shown = {
    username: found?.username ?? null,
    isAdmin: found !== null && kc.has(found, { realmRole: 'admin' }),
  };
  // For this browser: a cache in front would hand it to others.
  return data(shown, { headers: { 'cache-control': 'private' } });
}

export const headers: HeadersFunction = ({ loaderHeaders }) => loaderHeaders;

export default function Home() {
  const { username, isAdmin } = useLoaderData<typeof loader>();
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
