import { describeMcp } from '../contract/mcp/index.ts';
import { MCP_APPS } from './mcp-apps.ts';

for (const app of MCP_APPS) describeMcp(app);
