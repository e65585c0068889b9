/**
 * Parts of the command line that `migrate` of `@keycloak-guard/connect` is built with, too. The build puts them into it: this path
 * is not published.
 */
export { type AdminConnection, connectAdmin } from './admin/connection.ts';
export { type Flags, parseOptions, table, toHelp } from './settings/options.ts';
export { UsageError } from './settings/usage-error.ts';
export { type AudienceCommand, canName, toAudienceCommand } from './setup/audience-command.ts';
export { evaluate, OPEN, type Scope, scopeOf, UNKNOWN } from './source/evaluate.ts';
export { type Project, readProject, type SourceFile } from './source/project.ts';
export { readProgram } from './source/read-program.ts';
export { isFunction, isNode, lastNameOf, type SyntaxNode, textOf, walk } from './source/syntax.ts';
export { createOutput, type Output, toPlainJson, toPlainLine } from './terminal/output.ts';
