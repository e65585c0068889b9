import { describeMcp } from '../contract/mcp/index.ts';
import { NEST_MCP } from './mcp-app.ts';

for (const app of NEST_MCP) describeMcp(app);
