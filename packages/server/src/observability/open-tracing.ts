import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';
import type { Tracing } from './tracing.ts';

/** Longest wait for the collector at shutdown. Unit: milliseconds. */
const LONGEST_FLUSH_MS = 2_000;

/** Loads OpenTelemetry if it is switched on; its modules cost start-up time. */
export async function openTracing(
  app: FastifyInstance,
  { tracing: { exporter, problem }, shutdownTimeoutMs }: Config,
  { logger, version = '0.0.0' }: { logger?: Logger | undefined; version?: string | undefined },
): Promise<Tracing | undefined> {
  if (problem !== undefined) logger?.warn(`no traces: ${problem}`);
  if (exporter === 'off') return undefined;
  const { startTracing } = await import('./tracing.ts');
  const tracing = startTracing({ exporter }, { version, logger });
  app.addHook('onClose', () => tracing.close(Math.min(LONGEST_FLUSH_MS, shutdownTimeoutMs / 2)));
  return tracing;
}
