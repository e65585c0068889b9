import type { FastifyInstance, FastifyPluginAsync, FastifyPluginOptions } from 'fastify';
import { ENGINE, type FastifyEngine } from './engine.ts';

/**
 * Does the work of `fastify-plugin`, which users of every framework would have to install: the plugin shares the scope of the
 * app, has a name, and says which Fastify it needs. Fastify reads these three symbols.
 *
 * @param dependencies names of plugins that must be registered before
 * @see https://fastify.dev/docs/latest/Guides/Plugins-Guide/
 */
export function asPlugin<Options extends FastifyPluginOptions>(
  name: string,
  plugin: FastifyPluginAsync<Options>,
  dependencies: readonly string[] = [],
): FastifyPluginAsync<Options> {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x', dependencies },
  });
}

/** A plugin that needs `keycloakGuard` to be registered before. */
export function asPart<Options extends FastifyPluginOptions>(
  name: string,
  plugin: (app: FastifyInstance, options: Options, engine: FastifyEngine) => Promise<void>,
): FastifyPluginAsync<Options> {
  return asPlugin<Options>(`keycloak-guard-${name}`, (app, options) => plugin(app, options, app[ENGINE]), [
    'keycloak-guard',
  ]);
}
