import { embeddedTarget } from './embedded-target.ts';
import { defineOpenidClientJourney } from './openid-client.ts';

defineOpenidClientJourney(embeddedTarget);
