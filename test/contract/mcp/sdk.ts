import * as sdk2 from '@modelcontextprotocol/client';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export const REDIRECT_URI = 'http://127.0.0.1:41999/callback';

/** What a program keeps between its starts, and where it sends the browser. */
export interface Keeper {
  client: Record<string, unknown> | undefined;
  tokens: { access_token: string; refresh_token?: string; scope?: string } | undefined;
  /** Where the browser has to go. */
  asked: URL | undefined;
  /** The SDK's `OAuthClientProvider`, of both versions. */
  readonly provider: never;
}

/**
 * @param client of a program that was set up before; without one it registers
 * @param clientMetadataUrl of its document: it registers only where the provider takes none
 */
export function createKeeper(client?: { client_id: string }, clientMetadataUrl?: string): Keeper {
  let verifier = '';
  let discovered: unknown;
  const keeper: Keeper = {
    client,
    tokens: undefined,
    asked: undefined,
    provider: {
      redirectUrl: REDIRECT_URI,
      clientMetadataUrl,
      clientMetadata: {
        client_name: 'A program of the tests',
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      clientInformation: () => keeper.client,
      saveClientInformation: (given: Record<string, unknown>) => {
        keeper.client = given;
      },
      tokens: () => keeper.tokens,
      saveTokens: (given: Keeper['tokens']) => {
        keeper.tokens = given;
      },
      redirectToAuthorization: (url: URL) => {
        keeper.asked = url;
      },
      saveCodeVerifier: (given: string) => {
        verifier = given;
      },
      codeVerifier: () => verifier,
      discoveryState: () => discovered,
      saveDiscoveryState: (given: unknown) => {
        discovered = given;
      },
    } as never,
  };
  return keeper;
}

/** A program with one version of the SDK. */
export interface Program {
  /** @throws where the person has to be asked first: `isUnauthorized` */
  connect(): Promise<void>;
  /** @returns what the tool said */
  call(tool: string): Promise<string>;
  finish(callback: URL): Promise<void>;
  isUnauthorized(error: unknown): boolean;
  close(): Promise<void>;
}

export interface Sdk {
  readonly name: string;
  /** It needs a server that speaks the newest revision of the protocol, which knows no sessions. */
  readonly isModern?: boolean;
  /** Whether it asks for more scopes while it has a refresh token. */
  readonly stepsUp: boolean;
  start(url: URL, keeper: Keeper): Program;
}

const NAME = { name: 'tests', version: '1.0.0' };
const saidBy = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text ?? '';

export const SDKS: readonly Sdk[] = [
  {
    name: 'SDK 1',
    stepsUp: false,
    start(url, { provider }) {
      let client: Client | undefined;
      let transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
      return {
        async connect() {
          client = new Client(NAME);
          transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
          await client.connect(transport as never);
        },
        call: async (name) => saidBy(await client?.callTool({ name, arguments: {} })),
        finish: ({ searchParams }) => transport.finishAuth(searchParams.get('code') ?? ''),
        isUnauthorized: (error) => error instanceof UnauthorizedError,
        close: async () => client?.close(),
      };
    },
  },
  sdk2Speaking('SDK 2', {}),
  { ...sdk2Speaking('SDK 2 in 2026-07-28', { mode: { pin: '2026-07-28' } }), isModern: true },
];

function sdk2Speaking(name: string, versionNegotiation: sdk2.VersionNegotiationOptions): Sdk {
  return {
    name,
    stepsUp: true,
    start(url, { provider }) {
      let client: sdk2.Client | undefined;
      let transport = new sdk2.StreamableHTTPClientTransport(url, { authProvider: provider });
      return {
        async connect() {
          client = new sdk2.Client(NAME, { versionNegotiation });
          transport = new sdk2.StreamableHTTPClientTransport(url, { authProvider: provider });
          await client.connect(transport);
        },
        call: async (tool) => saidBy(await client?.callTool({ name: tool, arguments: {} })),
        finish: ({ searchParams }) => transport.finishAuth(searchParams),
        isUnauthorized: (error) => error instanceof sdk2.UnauthorizedError,
        close: async () => client?.close(),
      };
    },
  };
}
