// Preloaded by tools/check/test-mcp.ts: tests get the MCP SDK of another folder, and the zod beside it.
import { register } from 'node:module';

register('./other-version-hook.mjs', import.meta.url, {
  data: { folder: process.env.MCP_FOLDER, packages: '^@modelcontextprotocol/' },
});
