import { defineChromiumJourney } from '../contract/provider/chromium.ts';
import { embeddedTarget } from '../contract/provider/embedded-target.ts';

defineChromiumJourney(embeddedTarget);
