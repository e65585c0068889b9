import type { Attack } from '../attack.ts';

const attack: Attack = {
  title: 'a token for another client is refused',
  signed: (pen, { clientId }) =>
    [
      { aud: 'account', azp: 'other' },
      { aud: ['account', 'other'], azp: 'other' },
      { aud: [], azp: 'other' },
      { aud: undefined, azp: undefined },
      { aud: `${clientId} other`, azp: 'other' },
      { aud: clientId.toUpperCase(), azp: clientId.toUpperCase() },
      { aud: `${clientId}2`, azp: `${clientId}/` },
      { aud: { [clientId]: true }, azp: { client: clientId } },
      { aud: [[clientId]], azp: [clientId] },
      { aud: [{ toString: null }], azp: { toString: null } },
      { aud: null, azp: null },
      { aud: 1, azp: true },
    ].map((changes) => ({
      name: JSON.stringify(changes),
      token: pen.mint(changes),
      codes: ['token_audience'],
    })),
};
export default attack;
