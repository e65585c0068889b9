import type { Adapter } from './adapter.ts';
import { describeAttacks } from './attacks.ts';
import { describeBearer } from './bearer.ts';
import { describeBound } from './bound.ts';
import { describeErrors } from './errors.ts';
import { describeMessages } from './messages.ts';
import { describeObservers } from './observers.ts';
import { describeOptions } from './options.ts';
import { describePermissions } from './permissions.ts';
import { describeResource } from './resource.ts';
import { describeSession } from './session.ts';
import { describeTenants } from './tenants.ts';
import { describeTraffic } from './traffic.ts';

/** Everything that is the same in all frameworks. */
export function describeAdapter(adapter: Adapter): void {
  describeOptions(adapter);
  describeBearer(adapter);
  describeBound(adapter);
  describeErrors(adapter);
  describeMessages(adapter);
  describePermissions(adapter);
  describeTenants(adapter);
  describeTraffic(adapter);
  describeAttacks(adapter);
  describeSession(adapter);
  describeResource(adapter);
  describeObservers(adapter);
}
