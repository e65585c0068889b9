import { isAuthError } from '../../core/index.ts';
import { loadPart, once, type Part } from '../../core/internal.ts';
import type { FetchReply } from './fetch.ts';
import {
  type McpEngine,
  type McpOptions,
  type McpResource,
  type ResolvedMcpOptions,
  resolveMcpOptions,
  type WithMetadata,
} from './mcp-options.ts';
import { answerNode, type Next, type NodeRequest, type NodeResponse, toNodeRoutes } from './node.ts';
import type { FetchMcp } from './parts/mcp-fetch.ts';
import type { NodeMcp } from './parts/mcp-node.ts';
import type { Routes } from './routes.ts';

/** The guard of an MCP server, loaded when the application makes one. */
export interface McpPart<Guard, Incoming> extends Part<Guard> {
  /** Whether messages have to be checked for the tools that they call. */
  readonly readsBodies: boolean;
  /** The routes of the metadata. A guard that is reached before this was called says so: clients miss them. */
  publish(): Routes<Incoming>;
}

/**
 * The guard of an MCP server on Node's requests.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openNodeMcp<Incoming, Outgoing>(
  engine: McpEngine<Incoming, Outgoing>,
  options: McpOptions,
): McpPart<NodeMcp<Incoming, Outgoing>, Incoming> {
  return openMcp(engine, options, async (...args) =>
    (await import('./parts/mcp-node.ts')).createNodeMcp(engine, ...args),
  );
}

/**
 * The guard of an MCP server on requests of the Fetch standard.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openFetchMcp<Incoming>(
  engine: McpEngine<Incoming, FetchReply>,
  options: McpOptions,
): McpPart<FetchMcp<Incoming>, Incoming> {
  return openMcp(engine, options, async (...args) =>
    (await import('./parts/mcp-fetch.ts')).createFetchMcp(engine, ...args),
  );
}

function openMcp<Guard, Incoming>(
  engine: Pick<McpEngine<Incoming, never>, 'describeResource'>,
  options: McpOptions,
  load: (options: ResolvedMcpOptions, resource: McpResource<Incoming>) => Promise<Guard>,
): McpPart<Guard, Incoming> {
  const resolved = resolveMcpOptions(options);
  const described = engine.describeResource(resolved.resource);
  let isPublished = false;
  const part = loadPart(() =>
    load(resolved, { ...described, isPublished: () => isPublished || described.isPublished() }),
  );
  return Object.assign(part, {
    readsBodies: resolved.tools.size > 0,
    publish() {
      isPublished = true;
      return described.routes;
    },
  });
}

/** Adds the metadata to a guard, made when the application reads it. */
export function withMetadata<Guard extends object, Metadata>(
  guard: Guard,
  make: () => Metadata,
): WithMetadata<Guard, Metadata> {
  return Object.defineProperty(guard, 'metadata', { get: once(make), enumerable: true }) as WithMetadata<
    Guard,
    Metadata
  >;
}

type Middleware<Incoming> = (request: Incoming, response: NodeResponse, next: Next) => void;

/**
 * The guard of an MCP server as middleware.
 *
 * @param refuse answers a refused request
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function toNodeMcp<Incoming extends NodeRequest>(
  engine: McpEngine<Incoming, NodeResponse>,
  options: McpOptions,
  refuse: (error: unknown, request: Incoming, response: NodeResponse, next: Next) => void,
): WithMetadata<Middleware<Incoming>> {
  const mcp = openNodeMcp(engine, options);
  async function admit(request: Incoming, response: NodeResponse) {
    const { admit: admitRequest, readMessage } = await mcp.loading;
    const read = () => readMessage(request);
    return admitRequest(request, response, { raw: request, response, read });
  }
  const guard: Middleware<Incoming> = (request, response, next) => {
    admit(request, response).then(
      (admitted) => {
        if (admitted === null) return;
        // Not by the application's error handlers: Express's own shows a page with a stack.
        if ('status' in admitted) return answerNode(response, admitted);
        Object.assign(request, { principal: admitted.principal });
        next();
      },
      (refusal: unknown) => {
        if (isAuthError(refusal)) refuse(refusal, request, response, next);
        else next(refusal);
      },
    );
  };
  const toMetadata = () =>
    toNodeRoutes(engine as never, mcp.publish() as never) as unknown as Middleware<Incoming>;
  return withMetadata(guard, toMetadata);
}
