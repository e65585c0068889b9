/** What each file in `commands/` exports. */
export interface Command {
  /** Text of `--help`; of a subcommand, if the arguments name one. */
  readonly usage: string | ((args: readonly string[]) => string);
  /** Runs the command; resolves to the exit code. */
  run(args: string[]): Promise<number>;
}

interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Loads the command only when it is called, so that one command does not pay for the others. */
  load(): Promise<Command>;
}

const toEntry = (summary: string, load: CommandEntry['load']): CommandEntry => ({ summary, load });

/** Every command, in the order in which the help lists them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  start: toEntry(
    'run the API, with an identity provider if you have none',
    () => import('./commands/start.ts'),
  ),
  serve: toEntry('run the API on your Keycloak', () => import('./commands/serve.ts')),
  setup: toEntry(
    'set Keycloak up: an API, an MCP server, callers, a realm file',
    () => import('./commands/setup.ts'),
  ),
  authz: toEntry(
    'permissions of Keycloak as a file; why somebody may, or may not',
    () => import('./commands/authz.ts'),
  ),
  doctor: toEntry('find out what is wrong, and how to mend it', () => import('./commands/doctor.ts')),
  migrate: toEntry(
    'come from keycloak-connect or nest-keycloak-connect',
    () => import('./commands/migrate.ts'),
  ),
  token: toEntry('get an access token for curl', () => import('./commands/token.ts')),
  dev: toEntry('run the identity provider alone, for development', () => import('./commands/dev.ts')),
};
