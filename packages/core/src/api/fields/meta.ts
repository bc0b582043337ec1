/** What all kinds have in common: metadata and conditions. */
import { z } from 'zod';

/** RFC 1123 subdomain, as names of objects are: at most 253 characters. */
export const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** As it is in full: no dot beside a dot or a dash. Its length is to be checked, too. */
export const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const ownerReferenceSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

/** Labels or annotations, as they are: a record would be made anew with an object for each key, in each of a fleet's objects. */
const textsSchema = z.custom<Record<string, string>>(areTexts, 'must be a map of texts');

function areTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const text of Object.values(value)) if (typeof text !== 'string') return false;
  return true;
}

/** The part of ObjectMeta that is of use here; the rest (managedFields above all) is dropped, not cached. */
export const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  labels: textsSchema.optional(),
  annotations: textsSchema.optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(ownerReferenceSchema).optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
});

/** metav1.Condition, with its limits. */
export const conditionSchema = z
  .object({
    type: z.string().min(1).max(316).describe('What the condition is about, in CamelCase.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
    reason: z.string().max(1024).describe('One CamelCase word for programs.'),
    message: z.string().max(32_768).describe('What is wrong and what to do, for people.'),
    lastTransitionTime: z.iso
      .datetime({ offset: true })
      .meta({ format: 'date-time' })
      .describe('When the status last changed.'),
    observedGeneration: z.int().min(0).optional().describe('The generation of the object that this speaks of.'),
  })
  .describe('One aspect of the observed state.');

/** Keyed by type, so that the operator and the daemon each apply their own conditions to one object. */
export const conditionsSchema = z
  .array(conditionSchema)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('How it is, by what each condition is about.');

export const conditionedStatusSchema = z.object({ conditions: conditionsSchema.optional() });

export type Metadata = z.infer<typeof metadataSchema>;
export type OwnerReference = z.infer<typeof ownerReferenceSchema>;
export type Condition = z.infer<typeof conditionSchema>;
