import { page } from '../lib/pages.ts';

export default async function Home() {
  const principal = await page('/', { optional: true });
  if (principal === null) {
    return (
      <main>
        <h1>my-app</h1>
        <p>
          <a href="/auth/login?return_to=/">Sign in</a>
        </p>
      </main>
    );
  }
  return (
    <main>
      <h1>Hello {principal.username}</h1>
      <p>
        <a href="/me">Who am I?</a> · <a href="/admin">For administrators</a>
      </p>
      <form method="post" action="/auth/logout">
        <button type="submit">Sign out</button>
      </form>
    </main>
  );
}
