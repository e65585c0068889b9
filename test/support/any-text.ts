import fc from 'fast-check';

const point = fc.oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }));

/** Texts of any characters. `unit: 'binary'` is the same, but takes a second to make a table of all that there are. */
export const anyText = fc.string({ unit: point.map((one) => String.fromCodePoint(one)) });
