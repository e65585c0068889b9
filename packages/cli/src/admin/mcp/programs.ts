/** What a program names when it registers by itself. */
export interface Program {
  /**
   * Hosts of its `client_uri` and its redirect URIs, beside this machine. Keycloak's policy Trusted Hosts compares them
   * (`client-uris-must-match`); for a URI with the program's own scheme, the part in place of the host.
   */
  readonly hosts: readonly string[];
  /** Origins of its page, if it registers from a browser. */
  readonly origins: readonly string[];
}

/** MCP clients that register by themselves, with their addresses in 2026. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  vscode: { hosts: ['code.visualstudio.com', 'vscode.dev', 'insiders.vscode.dev'], origins: [] },
  claude: { hosts: ['claude.ai', 'claude.com'], origins: [] },
  cursor: { hosts: ['anysphere.cursor-mcp', 'cursor.com', 'www.cursor.com'], origins: [] },
  inspector: { hosts: ['github.com'], origins: ['http://localhost:6274', 'http://127.0.0.1:6274'] },
  'mcp-remote': { hosts: ['github.com'], origins: [] },
};

/** Everything that the named programs need, each once. */
export function needsOf(names: readonly string[]): Program {
  const named = names.flatMap((name) => PROGRAMS[name] ?? []);
  return {
    hosts: [...new Set(named.flatMap(({ hosts }) => hosts))],
    origins: [...new Set(named.flatMap(({ origins }) => origins))],
  };
}

/** The known programs whose hosts are all trusted, and those that Keycloak refuses to register. */
export function judgePrograms(trusted: readonly string[]): {
  readonly may: string[];
  readonly mayNot: string[];
} {
  const isTrusted = (host: string) =>
    trusted.some((one) => one === host || (one.startsWith('*.') && host.endsWith(one.slice(1))));
  const names = Object.keys(PROGRAMS);
  const may = names.filter((name) => PROGRAMS[name]?.hosts.every(isTrusted));
  return { may, mayNot: names.filter((name) => !may.includes(name)) };
}
