import { describe, expect, test } from 'vitest';
import { requireSettingsSchema, validateSettings } from './validate.ts';

const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    vfs: { type: 'integer', minimum: 0, default: 2 },
    peer: { type: 'string', format: 'ipv4' },
    mode: { enum: ['fast', 'safe'] },
    ports: { type: 'array', items: { type: 'object', properties: { 'a/b': { type: 'string' } } } },
    tree: { $ref: '#/$defs/tree' },
  },
  $defs: { tree: { type: 'object', properties: { inner: { $ref: '#/$defs/tree' } }, unevaluatedProperties: false } },
  additionalProperties: false,
};
const invalid = (message: string | RegExp) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });

describe('settings', () => {
  test('come back with defaults, as a copy', () => {
    const settings = { peer: '192.0.2.1', tree: { inner: { inner: {} } } };
    expect(validateSettings(schema, settings)).toEqual({ ...settings, vfs: 2 });
    expect(settings).not.toHaveProperty('vfs');
    expect(validateSettings(schema, undefined)).toEqual({ vfs: 2 });
  });

  test.each<[string, unknown]>([
    ['settings.vfs: must be integer', { vfs: 'many' }],
    ['settings.vfs: must be >= 0', { vfs: -1 }],
    ['settings.peer: must match format "ipv4"', { peer: '192.0.2.256' }],
    [`settings.mode: must be equal to one of the allowed values (fast, safe)`, { mode: 'slow' }],
    ['settings.ports[1].a/b: must be string', { ports: [{}, { 'a/b': 1 }] }],
    ['settings.bogus: there is no such setting; there are mode, peer, ports, tree, vfs', { bogus: 1 }],
    ['settings.Vfs: there is no such setting; did you mean vfs? There are mode, peer, ports, tree, vfs', { Vfs: 1 }],
    ['settings.tree.inner.bogus: there is no such setting; there is inner', { tree: { inner: { bogus: 1 } } }],
    ['settings: must be object', []],
    ['settings: must be object', 'text'],
  ])('that are wrong: %s', (message, settings) => {
    expect(() => validateSettings(schema, settings)).toThrow(expect.objectContaining({ message }));
  });

  test('all that is wrong is said, under the name that the caller has for them', () => {
    const check = () => validateSettings({ ...schema, required: ['mode'] }, { vfs: 1.5 }, 'spec.settings');
    const message = 'spec.settings.mode: must be set; spec.settings.vfs: must be integer';
    expect(check).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });
});

describe('a schema', () => {
  test.each<[RegExp, object]>([
    [/must not be asynchronous/, { $async: true, type: 'object', additionalProperties: false }],
    [/async/, { properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { $async: true, type: 'string' } } }],
    [/can't resolve reference https:/, { $ref: 'https://example.com/schema.json' }],
    [/can't resolve reference #/, { properties: { a: { $ref: '#/$defs/nowhere' } } }],
    [/refers to itself without end/, { $ref: '#' }],
    [/refers to itself without end/, { allOf: [{ anyOf: [{ $ref: '#' }] }] }],
    [/unknown keyword: "maximun"/, { properties: { a: { type: 'integer', maximun: 4 } } }],
    [/unknown format "ipv5"/, { properties: { a: { type: 'string', format: 'ipv5' } } }],
    [/type must be JSONType/, { type: 'no-such-type' }],
    [/regular expression/, { properties: { a: { type: 'string', pattern: '(' } } }],
  ])('is refused by itself: %s', (message, wrong) => {
    expect(() => requireSettingsSchema(wrong)).toThrow(invalid(message));
    expect(() => requireSettingsSchema(wrong)).toThrow(
      invalid(/^the plugin's settings schema \(dpu\.settings\) is wrong/),
    );
  });

  test.each<[string, object]>([
    ['vfs: must be <= 4', { properties: { vfs: { type: 'integer', maximum: 4, default: 8 } } }],
    [
      'mode: must be equal to one of the allowed values (a, b)',
      { properties: { mode: { enum: ['a', 'b'], default: 'c' } } },
    ],
    ['tree.depth: must be integer', treeWith({ default: {} }, { type: 'integer', default: 'deep' })],
    [
      'tree.dpeth: there is no such setting; did you mean depth? There are depth, mode',
      treeWith({ default: { dpeth: 1 } }, { type: 'integer' }),
    ],
    [
      'ports[1]: must be integer',
      { properties: { ports: { type: 'array', items: { type: 'integer' }, default: [1, 'a'] } } },
    ],
  ])('whose default breaks it is refused by itself: %s', (message, wrong) => {
    const text = `the plugin's settings schema (dpu.settings) is wrong: the default of settings.${message}`;
    expect(() => requireSettingsSchema(wrong)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: text }),
    );
  });

  test('whose default is wrong in an object of the user blames nobody else', () => {
    const wrong = treeWith({}, { type: 'integer', default: 'deep' });
    expect(validateSettings(wrong, {})).toEqual({});
    expect(() => validateSettings(wrong, { tree: {} })).toThrow(invalid(/^the plugin's settings schema .*tree\.depth/));
    expect(() => validateSettings(wrong, { tree: { depth: 'high' } })).toThrow(
      invalid(/^settings\.tree\.depth: must be/),
    );
  });

  test.each<object>([
    { ...treeWith({ default: {} }, { type: 'integer' }), required: ['peer'] },
    {
      properties: {
        tree: { type: 'object', default: {}, required: ['depth'], properties: { depth: { type: 'integer' } } },
      },
    },
    treeWith(
      { default: { mode: 'a' }, anyOf: [{ properties: { mode: { const: 'b' } } }, { required: ['depth'] }] },
      { type: 'integer' },
    ),
  ])('that waits for the user to set something is none that is wrong: %j', (schema) => {
    expect(() => requireSettingsSchema(schema)).not.toThrow();
    expect(() => validateSettings(schema, {})).toThrow(invalid(/^settings/));
  });

  test('that a text makes search for hours is given up, and the next one is checked as ever', () => {
    const slow = { properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    expect(validateSettings(slow, { a: 'aaa' })).toEqual({ a: 'aaa' });
    expect(() => validateSettings(slow, { a: `${'a'.repeat(60)}!` })).toThrow(invalid(/it takes longer than 500 ms/));
    expect(validateSettings(slow, { a: 'aaaa' })).toEqual({ a: 'aaaa' });
  });

  test('that takes long to compile is given up', () => {
    const wide = (depth: number): object =>
      depth === 0 ? { type: 'string' } : { allOf: Array.from({ length: 12 }, () => wide(depth - 1)) };
    expect(() => requireSettingsSchema(wide(4))).toThrow(invalid(/it takes longer than 500 ms/));
  });
});

function treeWith(more: object, depth: object) {
  const tree = {
    type: 'object',
    additionalProperties: false,
    properties: { depth, mode: { type: 'string' } },
    ...more,
  };
  return { properties: { tree } };
}
