// What adapters make their calls with.
export { type Caller, createOutgoing, type Outgoing } from './outgoing.ts';
