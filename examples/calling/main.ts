// npx tsx --conditions=@keycloak-guard/source examples/calling/main.ts
import { startAll } from './start.ts';

const port = Number(process.env.PORT ?? 3000);
const { front, mcpUrl } = await startAll([port, port + 1, port + 2, port + 3]);
console.log(`Front end   ${front}   sign in as anna / Test#123456`);
console.log(`MCP server  ${mcpUrl}`);
