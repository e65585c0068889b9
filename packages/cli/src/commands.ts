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

export const commands: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: 'run the API on your Keycloak', load: () => import('./commands/serve.ts') },
  setup: {
    summary: 'set Keycloak up: an API, an MCP server, callers, a realm file',
    load: () => import('./commands/setup.ts'),
  },
  authz: {
    summary: 'permissions of Keycloak as a file; explain why a user has one, or not',
    load: () => import('./commands/authz.ts'),
  },
  doctor: {
    summary: 'find out what is wrong, and how to fix it',
    load: () => import('./commands/doctor.ts'),
  },
  migrate: {
    summary: 'come from keycloak-connect or nest-keycloak-connect',
    load: () => import('./commands/migrate.ts'),
  },
  token: { summary: 'get an access token for curl', load: () => import('./commands/token.ts') },
  dev: {
    summary: 'run the identity provider alone, for development',
    load: () => import('./commands/dev.ts'),
  },
};
