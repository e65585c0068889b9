/** A person with a browser: signs in, gives consent, and is sent back to the program. */
export interface Person {
  readonly username: string;
  /** Which pages were shown, in turn. */
  readonly seen: string[];
  /** @returns the URL of the program that the browser was sent back to */
  authorize(url: URL): Promise<URL>;
}

/** Whatever a page asks: the button that says yes, and a name and a password where there are fields for them. */
export function createPerson(username: string, password: string, redirectUri: string): Person {
  const jar = new Map<string, string>();
  const seen: string[] = [];

  async function visit(url: string, form?: URLSearchParams): Promise<Response> {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(form && { method: 'POST', body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  return {
    username,
    seen,
    async authorize({ href }) {
      let at = href;
      let answer = await visit(at);
      for (let step = 0; step < 10; step++) {
        const location = answer.headers.get('location');
        if (location?.startsWith(redirectUri)) return new URL(location);
        if (location !== null) {
          at = new URL(location, at).href;
          answer = await visit(at);
          continue;
        }
        const page = await answer.text();
        const action = /<form[^>]*\baction="([^"]+)"/i.exec(page)?.[1]?.replaceAll('&amp;', '&');
        if (action === undefined) throw new Error(`no form: ${answer.status} ${page.slice(0, 500)}`);
        const isLogin = /name="password"/.test(page);
        seen.push(isLogin ? 'sign-in' : 'consent');
        const code = /name="code"[^>]*value="([^"]*)"/.exec(page)?.[1] ?? '';
        const fields = isLogin ? { username, password } : { code, accept: 'Yes' };
        at = new URL(action, at).href;
        answer = await visit(at, new URLSearchParams(fields));
      }
      throw new Error('the browser was sent round and round');
    },
  };
}
