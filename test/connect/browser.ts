/** As much of a browser as a login needs: cookies by host, redirects by hand, Keycloak's form. */
export interface Browser {
  /** One request, redirects not followed. */
  visit(url: string, init?: RequestInit): Promise<Response>;
  /** Opens a protected page, signs in at the provider, and takes what comes back to the application. */
  signIn(url: string, username?: string): Promise<Response>;
  /** At the login page that an application sent to; the address that it sends back to. */
  signInAt(loginUrl: string, username?: string): Promise<string>;
  cookie(url: string, name: string): string | undefined;
}

export const PASSWORD = 'Test#123456';

export function openBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: string): Map<string, string> => {
    const { host } = new URL(url);
    const jar = jars.get(host) ?? new Map();
    jars.set(host, jar);
    return jar;
  };

  async function visit(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = jarOf(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  async function signInAt(loginUrl: string, username = 'abdullah'): Promise<string> {
    let answer = await visit(loginUrl);
    if (answer.status === 200) {
      const page = await answer.text();
      const action = /action="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const body = new URLSearchParams({ username, password: PASSWORD });
      answer = await visit(new URL(action, loginUrl).href, { method: 'POST', body });
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
    return location;
  }

  return {
    visit,
    signInAt,
    async signIn(url, username) {
      const sent = await visit(url);
      const location = sent.headers.get('location');
      if (location === null) throw new Error(`no login: ${sent.status} ${await sent.text()}`);
      return visit(await signInAt(location, username));
    },
    cookie: (url, name) => jarOf(url).get(name),
  };
}
