/** Generates CustomResourceDefinitions from the kinds' zod schemas. */
import { z } from 'zod';
import { group, version } from '../names/names.ts';
import type { KindNames } from './kind.ts';

export interface KindDefinition extends KindNames<string> {
  specSchema: z.ZodType;
  statusSchema: z.ZodType;
}

type JsonObject = Record<string, unknown>;

export function crd(kind: KindDefinition): JsonObject {
  const names = {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural: kind.plural,
    singular: kind.singular,
    ...(kind.shortNames && { shortNames: kind.shortNames }),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      names,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns,
          subresources: { status: {} },
          schema: { openAPIV3Schema: rootSchema(kind) },
        },
      ],
    },
  };
}

function rootSchema(kind: KindDefinition): JsonObject {
  const spec = { description: 'What is wanted.', ...structuralSchema(kind.specSchema) };
  return {
    type: 'object',
    description: kind.description,
    ...(kind.rules && { 'x-kubernetes-validations': kind.rules }),
    // A kind whose spec may be left out has a default for it.
    ...(!('default' in spec) && { required: ['spec'] }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status: { description: 'How it is; written by operator and daemons.', ...structuralSchema(kind.statusSchema) },
    },
  };
}

/**
 * What the API server calls a structural schema: no `$ref`, no `propertyNames`, not both `properties` and
 * `additionalProperties`. The input side of the zod schema is meant: what has a default need not be given.
 */
export function structuralSchema(schema: z.ZodType): JsonObject {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // The API server takes a number or a text only where it is said in its own way.
      if (jsonSchema['x-kubernetes-int-or-string']) delete jsonSchema.anyOf;
      delete jsonSchema.propertyNames;
      if (jsonSchema.properties) delete jsonSchema.additionalProperties;
      // zod renders the bounds of its safe integers; the API server's are those of int64.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // The type says it already, and zod's pattern for times is long and stricter than the API server's.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  const { $schema: _, ...rest } = json as JsonObject;
  return rest;
}
