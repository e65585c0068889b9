import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';

export const ORIGIN = 'http://localhost:8000';

/** As much of a browser as a login needs: cookies by host, redirects, forms. The app answers by `inject`. */
export interface Browser {
  /** A request to the app, with its cookies. */
  app(options: InjectOptions): Promise<LightMyRequestResponse>;
  /** Follows a URL of the provider, fills its form in, and returns the URL it sends back to. */
  signInAt(url: string, username?: string, password?: string): Promise<string>;
  /** The whole way: `/auth/login`, the provider, the callback. */
  signIn(username?: string, query?: string): Promise<LightMyRequestResponse>;
  readonly cookies: Map<string, string>;
  /** Name and value of the session cookie, as in a `Cookie` header. */
  readonly session: string;
}

/** Name of the session cookie on http: by the client id. */
export const COOKIE = 'session-fastapi-keycloak';

export const PASSWORD = 'Test#123456';

export function openBrowser(app: FastifyInstance, origin = ORIGIN): Browser {
  const cookies = new Map<string, string>();
  const atProvider = new Map<string, string>();
  const { host } = new URL(origin);

  async function call(options: InjectOptions): Promise<LightMyRequestResponse> {
    const answer = await app.inject({
      ...options,
      headers: {
        host,
        ...(cookies.size > 0 ? { cookie: toHeader(cookies) } : {}),
        ...options.headers,
      },
    });
    keep(cookies, [answer.headers['set-cookie'] ?? []].flat());
    return answer;
  }

  async function signInAt(url: string, username = 'abdullah', password = PASSWORD): Promise<string> {
    let answer = await visit(url);
    // Of a realm with organizations two pages: for the name, then for the password.
    for (let pages = 0; answer.status === 200 && pages < 2; pages++) {
      const page = await answer.text();
      const action = /action="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const form = new URLSearchParams({ username, password });
      answer = await visit(new URL(action, url).href, { method: 'POST', body: form });
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
    return location;
  }

  async function visit(url: string, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { cookie: toHeader(atProvider) },
    });
    keep(atProvider, answer.headers.getSetCookie());
    return answer;
  }

  return {
    app: call,
    cookies,
    get session() {
      const [name, value] =
        [...cookies].find(([name]) => /^(__Host-)?session/.test(name) && !/login/.test(name)) ?? [];
      return name === undefined ? '' : `${name}=${value}`;
    },
    signInAt,
    async signIn(username, query = '') {
      const begun = await call({ url: `/auth/login${query}` });
      const location = begun.headers.location;
      if (begun.statusCode !== 303 || location === undefined) throw new Error(`login: ${begun.body}`);
      const back = new URL(await signInAt(location, username));
      return call({ url: `${back.pathname}${back.search}` });
    },
  };
}

function toHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function keep(cookies: Map<string, string>, set: readonly string[]): void {
  for (const line of set) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
}
