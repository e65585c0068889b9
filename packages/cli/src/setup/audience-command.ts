import { toPlainLine, toShellWord } from '../terminal/output.ts';

export interface AudienceCommand {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  /** Only those that it {@link canName}. */
  readonly callers: readonly string[];
}

/** Whether the command can name a client: commas tell the names apart, so `a,b` would be two others; a line break ends it. */
export function canName(clientId: string): boolean {
  return clientId !== '' && !/^-|,/.test(clientId) && toPlainLine(clientId) === clientId;
}

/** The flags of a command for a client, to be copied into a shell. */
export function toClientFlags({
  serverUrl,
  realm,
  clientId,
}: Pick<AudienceCommand, 'serverUrl' | 'realm' | 'clientId'>): string {
  const flags = [
    ['--url', serverUrl],
    ['--realm', realm],
    ['--client-id', clientId],
  ] as const;
  return flags.map(([flag, value]) => `${flag} ${toShellWord(value)}`).join(' ');
}

/** The line that gives clients tokens for an API, to be copied into a shell: names of clients are anybody's texts. */
export function toAudienceCommand({ callers, ...client }: AudienceCommand): string {
  return `npx keycloak-guard setup audience ${[...callers.map(toShellWord), toClientFlags(client)].join(' ')}`;
}
