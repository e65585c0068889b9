// What adapters make their calls with.
export { type Caller, createOutgoing, type FindRealm, type Outgoing } from './outgoing.ts';
