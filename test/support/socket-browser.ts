import { openBrowser, plainFetch } from '../../packages/testing/src/sign-in.ts';

/** A browser of one of the users of tests. @param app where it speaks what Node's `fetch` does not, with one of its own */
export const openSocketBrowser = (
  app: { readonly url: string; readonly fetch?: typeof fetch },
  { username = 'abdullah', password = 'Test#123456' } = {},
) =>
  openBrowser(username, password, (url, init) =>
    ((url.startsWith(app.url) && app.fetch) || plainFetch)(url, init),
  );
