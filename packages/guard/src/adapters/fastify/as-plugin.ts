import type { FastifyPluginAsync, FastifyPluginOptions } from 'fastify';

/**
 * What `fastify-plugin` does, which would be installed for users of every framework: the plugin has no scope of its own,
 * a name, and says which Fastify it is for. Fastify looks for these three symbols.
 *
 * @param dependencies names of plugins that have to be registered before
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
