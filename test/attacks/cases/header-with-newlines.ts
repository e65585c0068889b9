import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'line ends inside the Authorization header smuggle nothing in',
  attempts: ({ token }) => [
    {
      name: 'a bare line feed',
      lines: [`Authorization: Bearer x\nAuthorization: Bearer ${token}`],
      codes: [],
      httpStatus: 400,
    },
    {
      name: 'a bare carriage return',
      lines: [`Authorization: Bearer x\rAuthorization: Bearer ${token}`],
      codes: [],
      httpStatus: 400,
    },
    { name: 'a folded line', lines: ['Authorization: Bearer', ` ${token}`], codes: [], httpStatus: 400 },
    { name: 'a zero byte', lines: [`Authorization: Bearer \u0000${token}`], codes: [], httpStatus: 400 },
    {
      name: 'a space before the colon',
      lines: [`Authorization : Bearer ${token}`],
      codes: [],
      httpStatus: 400,
    },
    {
      name: 'encoded line ends',
      lines: [`Authorization: Bearer %0d%0a${token}`],
      codes: ['token_malformed'],
    },
    { name: 'another name', lines: [`X-Authorization: Bearer ${token}`], codes: ['missing_token'] },
    { name: 'the proxy header', lines: [`Proxy-Authorization: Bearer ${token}`], codes: ['missing_token'] },
    {
      name: 'a cookie',
      lines: [`Cookie: Authorization=Bearer%20${token}; access_token=${token}`],
      codes: ['missing_token'],
    },
  ],
};
export default attack;
