import { openEmbeddedLab } from './embedded-lab.ts';
import { definePathsContract } from './paths.ts';

definePathsContract({ name: 'the embedded provider', open: openEmbeddedLab });
