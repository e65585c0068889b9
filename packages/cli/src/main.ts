#!/usr/bin/env node
import { commands } from './commands.ts';
import { UsageError } from './settings/usage-error.ts';
import { createOutput } from './terminal/output.ts';
import { packageVersion } from './version.ts';

/** Exit codes: 0 done, 1 trouble, 2 wrong usage or settings. */
async function main(argv: string[]): Promise<number> {
  // `help dev` is `dev --help`.
  const isHelp = argv[0] === 'help' && Object.hasOwn(commands, argv[1] ?? '');
  const [name, ...args] = isHelp ? [...argv.slice(1), '--help'] : argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(helpText());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const { didYouMean } = await import('./settings/options.ts');
    const hint = didYouMean(name, Object.keys(commands));
    process.stderr.write(`keycloak-guard: there is no command '${name}'${hint}\n\n${helpText()}`);
    return 2;
  }
  const { run, usage } = await command.load();
  const help = typeof usage === 'string' ? usage : usage(args);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { line } = createOutput(process.stderr, process.env);
    line(`keycloak-guard ${name}: ${error.message}\n\n${help.trimEnd()}`);
    return 2;
  }
}

function helpText(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return `keycloak-guard: secure HTTP APIs with Keycloak

Usage: keycloak-guard <command> [options]

${lines.join('\n')}

keycloak-guard <command> --help   options of a command
keycloak-guard --version          version of this program
`;
}

// `doctor | head`: a reader that stops ends no command half-way.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

main(process.argv.slice(2)).then(
  // A server command resolves when it is stopped.
  end,
  (error: unknown) => {
    const { line } = createOutput(process.stderr, process.env);
    // Some of these words come from a server.
    line(`keycloak-guard: ${error instanceof Error ? error.message : String(error)}`);
    end(1);
  },
);

/** Ends the process when all is written: a program that was read, such as authz.ts, may have opened what holds it. */
function end(code: number): void {
  process.stdout.write('', () => process.exit(code));
}
