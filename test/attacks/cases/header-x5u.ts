import { createUrlInHeaderAttack } from '../url-in-header.ts';

export default createUrlInHeaderAttack('x5u');
