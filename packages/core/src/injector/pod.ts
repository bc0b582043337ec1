/** What the injector reads of a pod. What it does not know stays in what it changes: fields are replaced whole. */
import { z } from 'zod';

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).nullish();

const containerSchema = z.looseObject({
  name: z.string().default(''),
  resources: z.looseObject({ requests: quantities, limits: quantities }).nullish(),
  env: z.array(z.looseObject({ name: z.string() })).nullish(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).nullish(),
});

const initContainerSchema = containerSchema.pick({ resources: true }).extend({ restartPolicy: z.string().nullish() });

export const podSchema = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    containers: z.array(containerSchema).nullish(),
    initContainers: z.array(initContainerSchema).nullish(),
    volumes: z.array(z.looseObject({ name: z.string() })).nullish(),
    nodeSelector: z.record(z.string(), z.string()).nullish(),
    resourceClaims: z.array(z.looseObject({ name: z.string() })).nullish(),
  }),
});

export type InjectedPod = z.infer<typeof podSchema>;
export type InjectedContainer = z.infer<typeof containerSchema>;

/** One operation of a JSON patch (RFC 6902). Of a member that is there `add` replaces the value. */
export interface AddOperation {
  op: 'add';
  /** JSON pointer. */
  path: string;
  value: unknown;
}
