import type { SetupKind } from '../kind.ts';
import { api } from './api.ts';
import { audience } from './audience.ts';
import { events } from './events.ts';
import { exportFile } from './export.ts';
import { mcp } from './mcp.ts';
import { spa } from './spa.ts';

/** What `setup` can set up, in the order in which the help lists it. The first is meant where none is named. */
export const KINDS: Readonly<Record<string, SetupKind>> = {
  ...{ api, spa, mcp, audience, events },
  export: exportFile,
};
