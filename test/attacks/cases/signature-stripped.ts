import type { Attack } from '../attack.ts';
import { partsOf } from '../forge.ts';

const attack: Attack = {
  title: 'a token without its signature is refused',
  attempts: ({ token }) => {
    const [header, payload] = partsOf(token);
    return [
      { name: 'an empty signature', token: `${header}.${payload}.`, codes: ['token_signature'] },
      { name: 'two parts', token: `${header}.${payload}`, codes: ['token_malformed'] },
      { name: 'one part', token: header, codes: ['token_malformed'] },
      { name: 'a fourth part', token: `${token}.`, codes: ['token_malformed'] },
      { name: 'a fourth part with content', token: `${token}.AAAA`, codes: ['token_malformed'] },
      { name: 'dots alone', token: '..', codes: ['token_malformed'] },
      { name: 'four dots', token: '....', codes: ['token_malformed'] },
    ];
  },
};
export default attack;
