import { expect, test } from 'vitest';
import { z } from 'zod';
import { setCondition } from './fields/conditions.ts';
import { structuralSchema } from './kinds/crd.ts';
import { dpuOperatorConfig } from './kinds/dpu-operator-config.ts';
import { kinds } from './kinds/kinds.ts';
import { serviceFunctionChain } from './kinds/service-function-chain.ts';
import { labelValue, vspSocket } from './names/paths.ts';

interface JsonSchema {
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}

const condition = { type: 'Ready', status: 'True', reason: 'Ok', message: 'fine' } as const;

test('a condition keeps its time until its status changes', () => {
  const first = setCondition(undefined, condition, new Date('2026-01-01T00:00:00.500Z'));
  expect(first).toEqual([{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }]);
  expect(setCondition(first, condition)).toBe(first);
  const reworded = setCondition(first, { ...condition, message: 'better' });
  expect(reworded[0]).toMatchObject({ message: 'better', lastTransitionTime: '2026-01-01T00:00:00Z' });
  const failed = setCondition(reworded, { ...condition, status: 'False' }, new Date('2026-01-02T00:00:00Z'));
  expect(failed).toMatchObject([{ status: 'False', lastTransitionTime: '2026-01-02T00:00:00Z' }]);
});

test('a socket path fits into 108 bytes, whatever the name', () => {
  expect(vspSocket('software-dpu-node-1-host')).toBe(
    '/var/run/dpu-daemon/vsp/software-dpu-node-1-host/vendor-plugin.sock',
  );
  const [a, b] = ['a', 'b'].map((end) => vspSocket('x'.repeat(252) + end));
  expect(a).not.toBe(b);
  expect(Buffer.byteLength(a ?? '')).toBeLessThan(108);
});

test.each([
  ['worker-1.example.com', 'worker-1.example.com'],
  ['Marvell OCTEON 10', 'Marvell-OCTEON-10'],
  ['Octeon 10 (B)', 'Octeon-10-B'],
  ['@acme/vsp', 'acme-vsp'],
  ['_a__b.', 'a__b'],
])('as the value of a label %s is %s', (text, value) => {
  expect(labelValue(text)).toBe(value);
});

test('every text has a value of its own where a label cannot hold it', () => {
  const long = ['x'.repeat(62).concat('.a'), 'x'.repeat(62).concat('.b'), '\u5361', '\u5361\u5361'].map(labelValue);
  expect(new Set(long).size).toBe(4);
  for (const value of long) expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
});

test.each(kinds.map((kind) => [kind.kind, kind] as const))('the schema of %s is structural', (_name, kind) => {
  const visit = (schema: Record<string, unknown>) => {
    // A number or a text has no type.
    if (!schema['x-kubernetes-int-or-string']) expect(schema).toHaveProperty('type');
    expect(Object.keys(schema)).not.toContain('$ref');
    expect(Object.keys(schema)).not.toContain('propertyNames');
    expect('properties' in schema && 'additionalProperties' in schema).toBe(false);
    for (const child of Object.values(schema.properties ?? {})) visit(child);
    if (schema.items) visit(schema.items as Record<string, unknown>);
  };
  visit(structuralSchema(kind.specSchema));
  visit(structuralSchema(kind.statusSchema));
});

test.each(kinds.map((kind) => [kind.kind, kind] as const))(
  'kubectl explain has a word for every field of %s',
  (_, kind) => {
    const silent: string[] = [];
    const visit = (schema: JsonSchema, path: string) => {
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        if (!field.description) silent.push(`${path}.${name}`);
        visit(field, `${path}.${name}`);
      }
      if (schema.items) visit(schema.items, `${path}[]`);
    };
    visit(structuralSchema(kind.specSchema), 'spec');
    visit(structuralSchema(kind.statusSchema), 'status');
    expect(silent).toEqual([]);
  },
);

test('what the Go operator accepted is accepted', () => {
  const { apiVersion } = dpuOperatorConfig;
  const metadata = { name: 'dpu-operator-config' };
  const config = dpuOperatorConfig.schema.parse({ apiVersion, kind: 'DpuOperatorConfig', metadata });
  expect(config.spec).toEqual({ mode: 'auto', logLevel: 0 });
  const spec = { networkFunctions: [{ name: 'nf', image: 'i' }], nodeSelector: { a: 'b' } };
  const chain = { apiVersion, kind: 'ServiceFunctionChain', metadata: { name: 'c', namespace: 'n' }, spec };
  expect(serviceFunctionChain.schema.parse(chain).spec).toEqual(spec);
});

test("a chain's network is a name that a DpuNetwork can have", () => {
  const parse = (network: string) => {
    const spec = { networkFunctions: [{ name: 'nf', image: 'i' }], network };
    const metadata = { name: 'c', namespace: 'n' };
    const { apiVersion, kind } = serviceFunctionChain;
    return serviceFunctionChain.schema.safeParse({ apiVersion, kind, metadata, spec }).success;
  };
  expect(['blue', 'b'.repeat(52), '', 'Blue', 'a/b', 'b'.repeat(53)].map(parse)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('integers are bounded by nobody but us', () => {
  expect(structuralSchema(z.object({ a: z.int() }))).toMatchObject({ properties: { a: { type: 'integer' } } });
  expect(structuralSchema(z.object({ a: z.int() })).properties).not.toHaveProperty('a.maximum');
});
