/** Kinds that are not this project's, as far as it reads them. */
import { z } from 'zod';
import { metadataSchema } from '../../api/fields/meta.ts';

function resource<ApiVersion extends string, Kind extends string, Shape extends z.ZodRawShape>(
  apiVersion: ApiVersion,
  kind: Kind,
  plural: string,
  namespaced: boolean,
  shape: Shape,
) {
  const schema = z.object({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(kind),
    metadata: metadataSchema,
    ...shape,
  });
  return { apiVersion, kind, plural, namespaced, schema };
}

/** A kind of which nothing but the metadata is read, as of those of which there are many, or large ones. */
function metadataOf<ApiVersion extends string, Kind extends string>(type: {
  apiVersion: ApiVersion;
  kind: Kind;
  plural: string;
  namespaced: boolean;
}) {
  const { apiVersion, kind, plural, namespaced } = type;
  return { ...resource(apiVersion, kind, plural, namespaced, {}), metadataOnly: true };
}

const simpleCondition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const taintSchema = z.object({ key: z.string(), value: z.string().optional(), effect: z.string() });

const nodeAddresses = z.array(z.object({ type: z.string(), address: z.string() })).optional();

export const node = resource('v1', 'Node', 'nodes', false, {
  spec: z.object({ unschedulable: z.boolean().optional(), taints: z.array(taintSchema).optional() }).optional(),
  status: z
    .object({
      addresses: nodeAddresses,
      allocatable: z.record(z.string(), z.string()).optional(),
      conditions: z.array(simpleCondition).optional(),
    })
    .optional(),
});

/** Most of a node is its list of images, and annotations of network plugins. */
const slimNode = resource('v1', 'Node', 'nodes', false, { metadata: metadataSchema.omit({ annotations: true }) });

export const nodeMetadata = { ...slimNode, metadataOnly: true };

export const addressedNode = {
  ...slimNode,
  schema: slimNode.schema.extend({ status: z.object({ addresses: nodeAddresses }).optional() }),
};

const containerStateSchema = z.object({
  waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  running: z.object({ startedAt: z.string().nullish() }).optional(),
  terminated: z
    .object({
      exitCode: z.number(),
      reason: z.string().optional(),
      message: z.string().optional(),
      startedAt: z.string().nullish(),
    })
    .optional(),
});

const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean(),
  restartCount: z.number(),
  state: containerStateSchema.optional(),
  lastState: containerStateSchema.optional(),
});

export const pod = resource('v1', 'Pod', 'pods', true, {
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ name: z.string(), image: z.string().optional() })),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      podIP: z.string().optional(),
      startTime: z.string().optional(),
      conditions: z.array(simpleCondition).optional(),
      containerStatuses: z.array(containerStatus).optional(),
      initContainerStatuses: z.array(containerStatus).optional(),
    })
    .optional(),
});

/** Of a pod of which there is one on every node, and of which no more is asked than whether it is ready. */
export const podReadiness = resource('v1', 'Pod', 'pods', true, {
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({ conditions: z.array(simpleCondition).optional() }).optional(),
});

export const daemonSet = resource('apps/v1', 'DaemonSet', 'daemonsets', true, {
  spec: z.looseObject({}).optional(),
  status: z
    .object({
      observedGeneration: z.number().default(0),
      desiredNumberScheduled: z.number().default(0),
      updatedNumberScheduled: z.number().default(0),
      numberReady: z.number().default(0),
      numberAvailable: z.number().default(0),
    })
    .optional(),
});

export const configMap = resource('v1', 'ConfigMap', 'configmaps', true, {
  data: z.record(z.string(), z.string()).optional(),
});

/** The lock of a plugin can have a megabyte. */
export const configMapMetadata = metadataOf(configMap);

export const secret = resource('v1', 'Secret', 'secrets', true, {
  type: z.string().optional(),
  data: z.record(z.string(), z.string()).optional().describe('Each value in base64.'),
});

export const serviceAccount = resource('v1', 'ServiceAccount', 'serviceaccounts', true, {
  imagePullSecrets: z.array(z.object({ name: z.string() })).optional(),
});

export const namespace = resource('v1', 'Namespace', 'namespaces', false, {});

export const namespaceMetadata = metadataOf(namespace);

export const certificateSigningRequest = resource(
  'certificates.k8s.io/v1',
  'CertificateSigningRequest',
  'certificatesigningrequests',
  false,
  {
    spec: z.object({
      request: z.string().describe('PEM, in base64.'),
      signerName: z.string(),
      usages: z.array(z.string()).default([]),
      expirationSeconds: z.number().optional(),
      username: z.string().optional(),
      extra: z.record(z.string(), z.array(z.string())).optional(),
    }),
    status: z
      .object({
        certificate: z.string().optional().describe('PEM, in base64.'),
        conditions: z.array(simpleCondition).optional(),
      })
      .optional(),
  },
);

export const customResourceDefinition = resource(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
  { status: z.object({ conditions: z.array(simpleCondition).optional() }).optional() },
);

/** Multus's kind; its CustomResourceDefinition may be missing on a cluster. */
export const networkAttachmentDefinition = resource(
  'k8s.cni.cncf.io/v1',
  'NetworkAttachmentDefinition',
  'network-attachment-definitions',
  true,
  { spec: z.object({ config: z.string().optional() }).optional() },
);

export const networkAttachmentDefinitionMetadata = metadataOf(networkAttachmentDefinition);

export const lease = resource('coordination.k8s.io/v1', 'Lease', 'leases', true, {
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});

export const event = resource('events.k8s.io/v1', 'Event', 'events', true, {
  reason: z.string().optional(),
  note: z.string().optional(),
});

export type Node = z.infer<typeof node.schema>;
export type Pod = z.infer<typeof pod.schema>;
export type PodReadiness = z.infer<typeof podReadiness.schema>;
export type DaemonSet = z.infer<typeof daemonSet.schema>;
export type CertificateSigningRequest = z.infer<typeof certificateSigningRequest.schema>;
export type Lease = z.infer<typeof lease.schema>;
