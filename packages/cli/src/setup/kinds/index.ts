import type { SetupKind } from '../kind.ts';
import { api, guide, web } from './api.ts';
import { app } from './app.ts';
import { audience } from './audience.ts';
import { events } from './events.ts';
import { exportFile } from './export.ts';
import { mcp } from './mcp.ts';
import { service } from './service.ts';
import { spa } from './spa.ts';
import { tenant } from './tenant.ts';

/** What `setup` can set up, in the order in which the help lists it. */
export const KINDS: Readonly<Record<string, SetupKind>> = {
  app,
  api,
  spa,
  web,
  mcp,
  service,
  guide,
  audience,
  tenant,
  events,
  export: exportFile,
};
