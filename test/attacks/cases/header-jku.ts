import { createUrlInHeaderAttack } from '../url-in-header.ts';

export default createUrlInHeaderAttack('jku');
