/** URL of a file in the folder that has the wanted versions. */
let from = '';
/** Names of the packages that come from there. */
let wanted = /^$/;

export function initialize({ folder, packages }) {
  from = new URL(`file://${folder}/package.json`).href;
  wanted = new RegExp(packages);
}

export function resolve(specifier, context, next) {
  const isThere = context.parentURL?.startsWith(new URL('.', from).href);
  return next(specifier, wanted.test(specifier) && !isThere ? { ...context, parentURL: from } : context);
}
