/** The versions of other packages: as in this repository, whose tests run with them. */
export const RANGES: Readonly<Record<string, string>> = {
  '@hono/node-server': '^2.1.9',
  '@koa/router': '^15.7.0',
  '@modelcontextprotocol/client': '^2.4.0',
  '@modelcontextprotocol/server': '^2.4.0',
  '@nestjs/cli': '^11.0.0',
  '@nestjs/common': '^11.2.10',
  '@nestjs/core': '^11.2.10',
  '@nestjs/platform-express': '^11.2.10',
  '@nestjs/schematics': '^11.0.0',
  '@nestjs/testing': '^11.2.6',
  '@redis/client': '^6.3.1',
  '@types/cors': '^2.8.19',
  '@types/express': '^5.0.6',
  '@types/jest': '^30.0.0',
  '@types/koa': '^3.0.3',
  '@types/node': '^20.19.43',
  '@types/react': '^19.0.0',
  '@types/react-dom': '^19.0.0',
  '@types/supertest': '^7.0.0',
  '@vitejs/plugin-react': '^6.0.0',
  concurrently: '^9.0.0',
  cors: '^2.8.6',
  express: '^5.3.0',
  fastify: '^5.12.8',
  hono: '^4.13.19',
  jest: '^30.0.0',
  'keycloak-js': '^26.2.4',
  koa: '^3.3.0',
  next: '^16.0.0',
  react: '^19.0.0',
  'react-dom': '^19.0.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.2',
  supertest: '^7.0.0',
  'ts-jest': '^29.4.0',
  tsx: '^4.23.15',
  typescript: '^7.0.2',
  // For programs that read TypeScript's own programming interface: Next.js, Nest, ts-jest.
  typescript5: '^5.9.0',
  vite: '^8.0.0',
};

/** @throws {Error} where the table lacks it: a mistake in it */
export function rangeOf(name: string): string {
  const range = RANGES[name];
  if (range === undefined) throw new Error(`no version of ${name}`);
  return range;
}
