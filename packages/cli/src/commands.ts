export interface Command {
  /** Text of `--help`; of a subcommand, if the arguments name one. */
  readonly usage: string | ((args: readonly string[]) => string);
  /** Runs the command; resolves to the exit code. @throws {UsageError} where its usage is to be shown, too */
  run(args: string[]): Promise<number>;
}

interface CommandEntry {
  readonly summary: string;
  /** Loads the command only when it is called, so that one command does not pay for the others. */
  load(): Promise<Command>;
}

const SUMMARIES = {
  serve: 'run the API on your Keycloak',
  setup: 'set Keycloak up: an API, an MCP server, callers, a realm file',
  authz: 'permissions of Keycloak as a file; explain why a user has one, or not',
  doctor: 'find out what is wrong, and how to fix it',
  migrate: 'come from keycloak-connect or nest-keycloak-connect',
  token: 'get an access token for curl',
  dev: 'run the identity provider alone, for development',
} as const;

const LOADERS: Readonly<Record<keyof typeof SUMMARIES, CommandEntry['load']>> = {
  serve: () => import('./commands/serve.ts'),
  setup: () => import('./commands/setup.ts'),
  authz: () => import('./commands/authz.ts'),
  doctor: () => import('./commands/doctor.ts'),
  migrate: () => import('./commands/migrate.ts'),
  token: () => import('./commands/token.ts'),
  dev: () => import('./commands/dev.ts'),
};

export const commands: Readonly<Record<string, CommandEntry>> = Object.fromEntries(
  Object.entries(SUMMARIES).map(([name, summary]) => [
    name,
    { summary, load: LOADERS[name as keyof typeof SUMMARIES] },
  ]),
);
