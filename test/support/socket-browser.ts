import { plainFetch } from './plain-fetch.ts';

/** As much of a browser as a login needs, over sockets: cookies by host and port, redirects, forms. */
export interface SocketBrowser {
  /** One request with the cookies of its origin; redirects are not followed. */
  send(url: string, init?: RequestInit): Promise<Response>;
  /** Opens a page as a person does: follows redirects, and signs in where Keycloak's form is shown. */
  open(
    url: string,
  ): Promise<{ readonly response: Response; readonly url: string; readonly visited: readonly string[] }>;
  /** Name and value of each cookie of an origin. */
  cookiesOf(url: string): ReadonlyMap<string, string>;
}

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

/** @param callApp calls the app, which may speak what Node's `fetch` does not */
export function openSocketBrowser(
  app: { readonly url: string; readonly fetch?: typeof fetch },
  { username = 'abdullah', password = 'Test#123456' } = {},
): SocketBrowser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: string): Map<string, string> => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };

  async function send(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = jarOf(url);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const call = url.startsWith(app.url) ? (app.fetch ?? plainFetch) : plainFetch;
    const response = await call(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  return {
    send,
    cookiesOf: jarOf,
    async open(start) {
      let url = start;
      const visited = [url];
      let response = await send(url, { headers: PAGE });
      for (let hop = 0; hop < 12; hop++) {
        const location = response.headers.get('location');
        if (location !== null) {
          url = new URL(location, url).href;
          visited.push(url);
          response = await send(url, { headers: PAGE });
          continue;
        }
        const isForm = !url.startsWith(app.url) && response.status === 200;
        const action = isForm ? /action="([^"]+)"/.exec(await response.clone().text())?.[1] : undefined;
        if (action === undefined) break;
        const body = new URLSearchParams({ username, password });
        response = await send(new URL(action.replaceAll('&amp;', '&'), url).href, { method: 'POST', body });
      }
      return { response, url, visited };
    },
  };
}
