/** Ties a kind's zod schemas to its names on the API server. */
import { z } from 'zod';
import { metadataSchema } from '../fields/meta.ts';
import { apiVersion } from '../names/names.ts';

export interface PrinterColumn {
  name: string;
  type: 'string' | 'boolean' | 'integer' | 'date';
  jsonPath: string;
  /** Above 0: shown by `-o wide` alone. */
  priority?: number;
}

export const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** What a condition says to people: too long for a screen, so by `-o wide` alone. */
export const messageColumn = (condition: string): PrinterColumn => ({
  name: 'Message',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=='${condition}')].message`,
  priority: 1,
});

/** A CEL rule, as `x-kubernetes-validations` takes it. */
export interface CelRule {
  rule: string;
  message: string;
  /** Where the error is shown, relative to the value that carries the rule. */
  fieldPath?: string;
  reason?: 'FieldValueRequired' | 'FieldValueInvalid';
}

export interface KindNames<Kind extends string> {
  kind: Kind;
  /** What `kubectl explain` and consoles say of it. */
  description: string;
  plural: string;
  singular: string;
  shortNames?: string[];
  namespaced: boolean;
  columns: PrinterColumn[];
  /** Rules on the whole object: the only place that sees `metadata.name`. */
  rules?: CelRule[];
}

/**
 * Declares a kind of this project's API group: what the informers parse with, and what the
 * CustomResourceDefinition is generated from.
 */
export function defineKind<Kind extends string, Spec extends z.ZodType, Status extends z.ZodType>(
  names: KindNames<Kind>,
  spec: Spec,
  status: Status,
) {
  const schema = z.object({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(names.kind),
    metadata: metadataSchema,
    spec,
    status: status.optional(),
  });
  return { ...names, apiVersion: apiVersion as typeof apiVersion, schema, specSchema: spec, statusSchema: status };
}

/** Attaches CEL rules to a schema. */
export function rules(...list: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': list };
}
