/** URL of a file in the folder that has the Nest which is wanted. */
let from = '';

export function initialize(folder) {
  from = new URL(`file://${folder}/package.json`).href;
}

export function resolve(specifier, context, next) {
  const isNest = /^(@nestjs\/|rxjs$|reflect-metadata$)/.test(specifier);
  const isThere = context.parentURL?.startsWith(new URL('.', from).href);
  return next(specifier, isNest && !isThere ? { ...context, parentURL: from } : context);
}
