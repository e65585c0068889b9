// What decorators do where they are written: Node, which runs these files, does not know their syntax.

type Class = abstract new (...given: never[]) => object;
type Decorator = ClassDecorator | MethodDecorator | ((...on: never[]) => unknown);

/** Decorates a class, or a method of it; the last one first, as with the syntax. */
export function decorate(on: Class, ...decorators: Decorator[]): void;
export function decorate(on: Class, method: string, ...decorators: Decorator[]): void;
export function decorate(on: Class, ...given: (string | Decorator)[]): void {
  const method = typeof given[0] === 'string' ? given[0] : undefined;
  const decorators = given.filter((one) => typeof one !== 'string') as ((...on: unknown[]) => void)[];
  for (const one of decorators.reverse()) {
    if (method === undefined) one(on);
    else one(on.prototype, method, Object.getOwnPropertyDescriptor(on.prototype, method));
  }
}

/** Decorates a parameter of a method, or of the constructor. */
export function decorateParameter(
  on: Class,
  method: string | undefined,
  decorator: ParameterDecorator,
  index = 0,
): void {
  decorator(method === undefined ? on : on.prototype, method, index);
}
