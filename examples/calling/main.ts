// npx tsx --conditions=@keycloak-guard/source examples/calling/main.ts
import { startAll } from './start.ts';

const { front, mcpUrl } = await startAll([3000, 3001, 3002, 3003]);
console.log(`Front end   ${front}   sign in as anna / Test#123456`);
console.log(`MCP server  ${mcpUrl}`);
