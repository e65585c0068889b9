// What the decorators of a class and of its handlers come to, without an application.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExecutionContext } from '@nestjs/common';
import {
  addAccess,
  findReplaced,
  isAccessLost,
  isMcp,
  permissionsOf,
  toGuardOptions,
  toMarked,
  toPermit,
} from '../../packages/guard/src/adapters/nest/access.ts';
import { noteOf } from '../../packages/guard/src/adapters/nest/call.ts';
import {
  ClientRoles,
  callerOf,
  Mcp,
  OptionalAuth,
  Permission,
  Public,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/adapters/nest/decorators.ts';
import { KeycloakGuard } from '../../packages/guard/src/adapters/nest/guards.ts';
import { decorate } from '../support/without-syntax.ts';

const fresh = () => {
  class Base {}
  class Sub extends Base {
    read() {}
  }
  return { Base, Sub, read: Sub.prototype.read };
};
const role = (realmRole: string) => ({ requirements: [{ realmRole }] });
const permission = (rule: string) => ({ permissions: [{ rule, options: {} }] });

describe('what a handler requires', () => {
  const of = (...levels: (object | undefined)[]) => {
    const { Base, Sub, read } = fresh();
    for (const [at, on] of [read, Sub, Base].entries())
      if (levels[at] !== undefined) addAccess(on, levels[at]);
    const rules = permissionsOf(Sub, read).map(({ rule }) => rule);
    return { options: toGuardOptions(Sub, read), rules, isMcp: isMcp(Sub, read) };
  };
  const token = { optional: false };

  test('is all that it, its class and the classes above require; one that opens ends that', () => {
    const [open, a, b, c] = [{ isPublic: true }, role('a'), role('b'), role('c')];
    const all = (...names: string[]) => ({
      allOf: names.map((realmRole) => ({ realmRole })),
      optional: false,
    });
    for (const [levels, options] of [
      [[], token],
      [[a], { realmRole: 'a', ...token }],
      [[undefined, undefined, a], { realmRole: 'a', ...token }],
      [[a, b, c], all('a', 'b', 'c')],
      [[open], null],
      [[open, a, b], null],
      [[undefined, open, b], null],
      [[a, open, c], { realmRole: 'a', ...token }],
      [[a, b, open], all('a', 'b')],
      [[{ requirements: [{}] }, open], token],
      [[{ requirements: [{}] }, a], { realmRole: 'a', ...token }],
    ] as const)
      assert.deepEqual(of(...levels).options, options, JSON.stringify(levels));
    const fn = () => ({ realmRole: 'a' });
    assert.deepEqual(of({ requirements: [fn] }).options, { allOf: [fn], optional: false });
  });

  test('is optional where the nearest decorator says so', () => {
    const optional = { isOptional: true };
    const isOptional = (...levels: (object | undefined)[]) => of(...levels).options?.optional;
    assert.equal(isOptional(optional), true);
    assert.equal(isOptional(undefined, optional), true);
    assert.equal(isOptional(optional, role('a')), true);
    assert.equal(isOptional(role('a'), optional), false);
  });

  test('are permissions too, the outermost first', () => {
    const [a, b, c] = [permission('a'), permission('b'), permission('c')];
    assert.deepEqual(of(a, b, c).rules, ['c', 'b', 'a']);
    assert.deepEqual(of(a, { isPublic: true }, c).rules, ['a']);
    assert.deepEqual(of({ isPublic: true }, b).rules, []);
    assert.deepEqual(of().rules, []);
  });

  test('is an MCP server where one of them says so, and none nearer opens', () => {
    const mcp = { isMcp: true };
    for (const [levels, is] of [
      [[mcp], true],
      [[undefined, mcp], true],
      [[role('a'), mcp], true],
      [[{ isPublic: true }, mcp], false],
      [[mcp, { isPublic: true }], true],
      [[role('a')], false],
      [[], false],
    ] as const)
      assert.equal(of(...levels).isMcp, is, JSON.stringify(levels));
  });

  test('adds up on one place, but for one that opens beside one that guards', () => {
    const { read } = fresh();
    for (const one of [role('a'), role('b'), permission('x'), { isOptional: true }, { isMcp: true }])
      addAccess(read, one);
    assert.deepEqual(toGuardOptions(class {}, read), {
      allOf: [{ realmRole: 'a' }, { realmRole: 'b' }],
      optional: true,
    });
    const open = { isPublic: true };
    for (const guarding of [role('a'), permission('x'), { isOptional: true }, { isMcp: true }]) {
      for (const [first, second] of [
        [open, guarding],
        [guarding, open],
      ] as const) {
        const { read: on } = fresh();
        addAccess(on, first);
        assert.throws(
          () => addAccess(on, second),
          /^TypeError: read: @Public\(\) stands beside a decorator that guards/,
        );
      }
    }
    addAccess(fresh().read, open);
    const { read: twice } = fresh();
    addAccess(twice, open);
    addAccess(twice, open);
    assert.equal(toGuardOptions(class {}, twice), null);
  });
});

test('permissions are asked one after the other, and none after a refusal', async () => {
  const asked: string[] = [];
  const permits = {
    permit: (rule: string) => () => {
      asked.push(rule);
      if (rule.startsWith('now')) return undefined;
      return rule === 'no' ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  };
  const decide = (...rules: string[]) =>
    toPermit(
      permits as never,
      rules.map((rule) => ({ rule, options: {} })),
    )?.({} as never, null as never);
  assert.equal(toPermit(permits as never, []), undefined);
  assert.equal(decide('now', 'now 2'), undefined);
  await decide('late', 'now', 'late 2');
  await assert.rejects(async () => decide('now', 'no', 'late 3'), /no/);
  assert.deepEqual(asked, ['now', 'now 2', 'late', 'now', 'late 2', 'now', 'no']);
});

describe('a function in the place of a method', () => {
  const lost = (before: object | undefined, now: object | undefined) => {
    const [decorated, called] = [() => {}, () => {}];
    if (before !== undefined) addAccess(decorated, before);
    if (now !== undefined) addAccess(called, now);
    return isAccessLost(decorated, called);
  };

  test('has lost what guards, unless it has all of it', () => {
    const [a, ab] = [role('a'), { requirements: [...role('a').requirements, { realmRole: 'b' }] }];
    for (const [before, now, is] of [
      [undefined, undefined, true],
      [{ isPublic: true }, undefined, false],
      [a, undefined, true],
      [a, a, false],
      [a, { requirements: [a.requirements[0], { realmRole: 'b' }] }, false],
      [ab, { requirements: [ab.requirements[0]] }, true],
      [permission('x'), a, true],
      [{ isMcp: true }, a, true],
      [{ isMcp: true }, { isMcp: true }, false],
      [{}, a, false],
      [{}, { isMcp: true }, false],
    ] as const)
      assert.equal(lost(before, now), is, `${JSON.stringify(before)} ${JSON.stringify(now)}`);
    const same = permission('x');
    assert.equal(lost(same, same), false);
  });

  const written = { isLost: () => true, isMarked: () => false };
  const find = (
    controller: object,
    methods: Record<string, object>,
    by: { isLost(decorated: object, called: object): boolean; isMarked(on: object): boolean } = written,
    kinds: readonly string[] = ['http'],
  ) =>
    findReplaced(
      {
        controller,
        handlers: Object.entries(methods).map(([name, method]) => ({ name, method, kinds })),
      } as never,
      by,
    ).map((line) => line.replace(/(function|class).*/, '$1'));
  const mark = (on: { prototype: object }, name: string) =>
    toMarked([on.prototype, name, Object.getOwnPropertyDescriptor(on.prototype, name) as PropertyDescriptor]);
  const REPLACED = 'read: another decorator replaced it by a function';
  const OVERRIDDEN = 'read: it stands in the place of a guarded method of the class';

  test('is found where a decorator put it, if it is a handler that has lost something', () => {
    const { Sub } = fresh();
    mark(Sub, 'read');
    mark(Sub, 'read');
    assert.deepEqual(find(Sub, { read: Sub.prototype.read }), []);
    Sub.prototype.read = () => {};
    const { read } = Sub.prototype;
    assert.deepEqual(find(Sub, { read }), [REPLACED]);
    assert.deepEqual(find(Sub, { read }, written, []), []);
    assert.deepEqual(find(Sub, { read }, { ...written, isLost: () => false }), []);
    assert.deepEqual(find(Sub, { read: () => {} }), []);
    Object.defineProperty(Sub.prototype, 'read', { get: () => read });
    assert.deepEqual(find(Sub, { read }), []);
  });

  test('is found where a class that extends has one that says nothing', () => {
    class Base {
      read() {}
      kept() {}
    }
    class Sub extends Base {
      override read() {}
    }
    for (const name of ['read', 'kept']) mark(Base, name);
    const { read, kept } = Sub.prototype;
    assert.deepEqual(find(Sub, { read, kept }), [OVERRIDDEN]);
    for (const marked of [read, Sub])
      assert.deepEqual(find(Sub, { read }, { ...written, isMarked: (on) => on === marked }), []);
    assert.deepEqual(find(Sub, { read }, { ...written, isMarked: (on) => on === Base }), [OVERRIDDEN]);
    assert.deepEqual(find(Sub, { read }, { ...written, isLost: () => false }), []);
    assert.deepEqual(find(Base, { read: Base.prototype.read }), []);
  });

  test('is none where there is no method', () => {
    const { Sub } = fresh();
    assert.equal(toMarked([Sub]), Sub);
    for (const descriptor of [undefined as never, { get: () => () => {} }, { value: 'text' }])
      assert.throws(
        () => toMarked([Sub.prototype, 'name', descriptor]),
        /^TypeError: name is no method: nothing guards it$/,
      );
  });
});

describe('a decorator', () => {
  test('requires what it names, of one role or of several', () => {
    for (const [decorator, options] of [
      [Roles('a'), { realmRole: 'a' }],
      [Roles('a', 'b'), { anyOf: [{ realmRole: 'a' }, { realmRole: 'b' }] }],
      [ClientRoles('a'), { clientRole: 'a' }],
      [ClientRoles('a', 'b'), { anyOf: [{ clientRole: 'a' }, { clientRole: 'b' }] }],
      [Scopes('a', 'b'), { scope: ['a', 'b'] }],
      [Require({}), {}],
      [Permission('orders#view'), {}],
    ] as const) {
      const { Sub } = fresh();
      decorate(Sub, 'read', decorator);
      assert.deepEqual(toGuardOptions(Sub, Sub.prototype.read), { ...options, optional: false });
      assert.deepEqual(Reflect.getMetadata('__guards__', Sub.prototype.read), [KeycloakGuard]);
    }
    const { Sub } = fresh();
    decorate(Sub, 'read', Mcp());
    assert.equal(isMcp(Sub, Sub.prototype.read), true);
    assert.throws(() => Roles());
  });

  test('applies the guard once, and one that opens applies none', () => {
    const { Sub } = fresh();
    decorate(Sub, 'read', OptionalAuth(), Roles('a'), Permission('orders#view'));
    assert.deepEqual(Reflect.getMetadata('__guards__', Sub.prototype.read), [KeycloakGuard]);
    assert.deepEqual(toGuardOptions(Sub, Sub.prototype.read), { realmRole: 'a', optional: true });
    const open = fresh().Sub;
    decorate(open, 'read', Public());
    assert.equal(Reflect.getMetadata('__guards__', open.prototype.read), undefined);
    assert.equal(toGuardOptions(open, open.prototype.read), null);
  });

  test('of a parameter gives the caller that a guard left, or that the application set on its request', () => {
    const contextOf = (type: string, request: object | undefined) =>
      ({
        getType: () => type,
        getArgByIndex: (at: number) => (at === 0 ? request : {}),
        getArgs: () => [request],
      }) as unknown as ExecutionContext;
    const [ours, theirs] = [{ username: 'ours' }, { username: 'theirs' }];
    assert.equal(callerOf(contextOf('http', { principal: theirs })), theirs);
    assert.equal(callerOf(contextOf('http', undefined)), undefined);
    assert.equal(callerOf(contextOf('graphql', { principal: theirs })), undefined);
    const context = contextOf('http', { principal: theirs });
    noteOf(context).principal = ours as never;
    assert.equal(callerOf(context), ours);
    noteOf(context).principal = undefined;
    assert.equal(callerOf(context), theirs);
  });
});
