import { openEmbeddedLab } from './embedded-lab.ts';
import { definePermissionsContract } from './suite.ts';

definePermissionsContract({
  name: 'the embedded provider',
  isFrom: () => true,
  open: openEmbeddedLab,
});
