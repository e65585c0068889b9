import { type Config, ConfigError } from './config/config.ts';
import { type ConfigSources, loadConfig } from './config/load-config.ts';
import { closeService, startService } from './start.ts';

/** Longest time from the end of everything to the end of the process. */
const LINGER_MS = 500;

/** Runs the service until SIGTERM or SIGINT. Resolves to the exit code: 0 ended, 1 trouble, 2 settings. */
export async function runService(sources: ConfigSources = {}): Promise<number> {
  let config: Config | undefined;
  try {
    config = loadConfig(sources);
    const code = await run(config);
    // Pending work would keep the process alive.
    if (code !== 0) process.exit(code);
    // Pending calls, such as spans for a hung collector, must not delay the exit.
    else setTimeout(() => process.exit(code), LINGER_MS).unref();
    return code;
  } catch (error) {
    const code = error instanceof ConfigError ? 2 : 1;
    process.stderr.write(
      error instanceof ConfigError
        ? `${error.message}\n`
        : `The service cannot start: ${explainStart(error, config)}\n`,
    );
    return code;
  }
}

async function run(config: Config): Promise<number> {
  // Process 1 of a container gets no signal that it has no handler for.
  const signal = nextSignal();
  const service = await startService(config);
  service.app.log.info(`${await signal}: closing`);
  return closeService(service, config);
}

/** The first signal closes the service; a second one ends the process at once, as without a handler. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const on = (signal: NodeJS.Signals): void => {
      process.off('SIGTERM', on).off('SIGINT', on);
      resolve(signal);
    };
    process.on('SIGTERM', on).on('SIGINT', on);
  });
}

interface StartError {
  readonly code?: string;
  readonly port?: number;
  readonly message?: string;
  readonly address?: string;
  readonly hostname?: string;
}

/** Why the service cannot start, and which setting to change. */
export function explainStart(error: unknown, config: Config | undefined): string {
  const { code, port, message, address, hostname } = error as StartError;
  const setting = port !== undefined && port === config?.metricsPort ? 'METRICS_PORT' : 'PORT';
  if (code === 'EADDRINUSE') return `port ${port} is taken. Set ${setting} to another one.`;
  if (code === 'EACCES') return `port ${port} needs more rights. Set ${setting} to 1024 or above.`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
    const host = address ?? hostname;
    const isOfMetrics = config !== undefined && host === config.metricsHost && host !== config.host;
    return `${isOfMetrics ? 'METRICS_HOST' : 'HOST'} is not an address of this machine.`;
  }
  return message ?? String(error);
}
