import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import express from 'express';
import { buildApp } from '../../../examples/mcp/app.ts';
import { buildHonoApp, createHandler } from '../../../examples/mcp/hono-app.ts';
import { SCOPES } from '../../../examples/mcp/notes.ts';
import type { McpOptions } from '../../../packages/guard/src/adapters/engine/index.ts';
import { keycloak } from '../../../packages/guard/src/adapters/express/index.ts';
import type { VerifierOptions } from '../../../packages/guard/src/core/index.ts';

/** An MCP server with the tools `list-notes` and `clear-notes`, in some framework and with some version of the SDK. */
export interface McpExample {
  readonly name: string;
  /** Whether it speaks the newest revision of the protocol. */
  readonly isModern: boolean;
  build(options: VerifierOptions, mcp: McpOptions): RequestListener;
}

export const SERVERS: readonly [McpExample, McpExample, ...McpExample[]] = [
  { name: 'Express, SDK 1', isModern: false, build: buildApp },
  {
    name: 'Hono, SDK 2',
    isModern: true,
    build: (options, mcp) => getRequestListener(buildHonoApp(options, mcp).fetch),
  },
  {
    name: 'Express, SDK 2',
    isModern: true,
    build(options, mcp) {
      const handle = toNodeHandler(createHandler());
      const app = express();
      const guard = keycloak(options).mcp({ ...SCOPES, ...mcp });
      app.use(guard.metadata);
      return app.all(new URL(mcp.url).pathname, guard, (request, response) =>
        handle(request, response, request.body),
      );
    },
  },
];
