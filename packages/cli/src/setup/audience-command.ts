/** What the command needs to know. */
export interface AudienceCommand {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly callers: readonly string[];
}

/** The line that gives clients tokens for an API, to be copied into a shell: names of clients are anybody's texts. */
export function toAudienceCommand({ serverUrl, realm, clientId, callers }: AudienceCommand): string {
  const flags = [
    ['--url', serverUrl],
    ['--realm', realm],
    ['--client-id', clientId],
    ['--audience-for', callers.join(',')],
  ] as const;
  const words = flags.map(([flag, value]) => `${flag} ${quote(value)}`);
  return `npx keycloak-guard setup ${words.join(' ')}`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
