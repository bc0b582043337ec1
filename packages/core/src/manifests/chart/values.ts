/** What a user of the Helm chart can set. The schema and values.yaml are made from it. */
import { z } from 'zod';
import { npmRegistrySchema } from '../../api/fields/npm-registry.ts';
import { defaults } from '../deployment.ts';

function image(name: string, what: string) {
  return z
    .strictObject({
      repository: z
        .string()
        .max(255)
        .regex(/^([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?(\/[a-z0-9._-]+)*$/)
        .default(name)
        .describe('With the registry, such as registry.example.com/dpu/operator.'),
      tag: z
        .string()
        .regex(/^(\w[\w.-]{0,127})?$/)
        .default('')
        .describe('Empty: the appVersion of the chart.'),
      digest: z
        .string()
        .regex(/^(sha256:[0-9a-f]{64})?$/)
        .default('')
        .describe('sha256:…, counts more than the tag.'),
    })
    .prefault({})
    .describe(what);
}

const anything = z.looseObject({});

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */
const quantities = z.record(
  z.string(),
  z.union([z.string().regex(/^[0-9.]+([eE][0-9]+|[numkMGTPE]|[KMGTPE]i)?$/), z.number().min(0)]),
);

const resources = z.strictObject({
  requests: quantities.optional(),
  limits: quantities.optional(),
  claims: z.array(anything).optional(),
});

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal', 'Lt', 'Gt']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().optional(),
});

const affinity = z.strictObject({
  nodeAffinity: anything.optional(),
  podAffinity: anything.optional(),
  podAntiAffinity: anything.optional(),
});

const url = z.string().regex(/^(https?:\/\/\S+)?$/);

const proxy = z
  .strictObject({
    http: url.default('').describe('URL of the proxy for http.'),
    https: url.default('').describe('URL of the proxy for https.'),
    none: z.string().default('').describe('What is reached without it, as in NO_PROXY.'),
  })
  .prefault({})
  .describe('The way to npm registries. The API server is reached without.');

export const values = z.strictObject({
  images: z
    .strictObject({
      operator: image('dpu-operator/operator', 'Operator and daemons.'),
      vsp: image('dpu-operator/vsp', 'Runs plugins that are npm packages.'),
    })
    .prefault({})
    .describe('To be set: those that you built and pushed (docs/install.md).'),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .describe('Of operator, injector, daemons and VSPs.'),
  imagePullSecrets: z
    .array(
      z.strictObject({
        name: z
          .string()
          .max(253)
          .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/),
      }),
    )
    .default([])
    .describe('Secrets in the namespace of the release, for operator, daemons and VSPs.'),
  replicas: z.int().min(1).default(defaults.replicas).describe('One leads, the others wait.'),
  resources: resources.default(defaults.resources).describe("Of the operator's container."),
  nodeSelector: z
    .record(z.string(), z.string())
    .default({})
    .describe('Nodes that the operator may run on. Daemons run where nodes have the label dpu=true.'),
  tolerations: z.array(toleration).default(defaults.tolerations).describe("Of the operator's pods."),
  affinity: affinity.default(defaults.affinity).describe("Of the operator's pods."),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('The least that the operator tells; spec.logLevel of the DpuOperatorConfig is for it and the daemons.'),
  npmRegistry: z
    .union([z.literal(''), npmRegistrySchema])
    .default('')
    .describe('Of VendorPlugins that name none. Empty: the public one.'),
  proxy,
  cniBinDir: z
    .string()
    .regex(/^(\/[\w.@+/-]*)?$/)
    .default('')
    .describe('Where the container runtime of the nodes looks for CNI plugins. Empty: by the kind of cluster.'),
  crds: z
    .strictObject({ enabled: z.boolean().default(true) })
    .prefault({})
    .describe('They stay when the release is removed, with the objects of their kinds.'),
  policies: z
    .strictObject({ enabled: z.boolean().default(true) })
    .prefault({})
    .describe('Admission policies, for Kubernetes 1.30 or later.'),
  injector: z
    .strictObject({
      enabled: z.boolean().default(true),
      replicas: z.int().min(1).default(defaults.injector.replicas).describe('All of them answer.'),
      failurePolicy: z
        .enum(['Ignore', 'Fail'])
        .default(defaults.injector.failurePolicy)
        .describe('Of pods that name a network, or have a label that is true, while no replica answers.'),
    })
    .prefault({})
    .describe('The network-resources-injector, which adds to pods the resources of the networks that they name.'),
  networkPolicies: z
    .strictObject({ enabled: z.boolean().default(true) })
    .prefault({})
    .describe('NetworkPolicies of operator, injector and the pods that install plugins.'),
  uninstall: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Before the release is removed: delete the DpuOperatorConfig and wait for it.'),
      timeoutSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(240)
        .describe('How long it waits. Helm itself waits 5 minutes; for longer give it --timeout, too.'),
    })
    .prefault({})
    .describe('What helm uninstall does first.'),
});
