/** What a cluster operator adds to the pod of a plugin, in the form that a pod's own spec has. */
import { z } from 'zod';
import { rules } from './kind.ts';
import { trustNames, vspServiceAccountPrefix, workloads } from './names.ts';
import { vspSocketMount } from './paths.ts';

const items = z.array(z.object({ key: z.string(), path: z.string() })).max(64);

const volumeSchema = z
  .object({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
    hostPath: z
      .object({
        path: z.string().regex(/^\//, 'must be an absolute path'),
        type: z
          .enum(['Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket', 'CharDevice', 'BlockDevice'])
          .optional(),
      })
      .optional(),
    emptyDir: z.object({ medium: z.string().optional(), sizeLimit: z.string().optional() }).optional(),
    configMap: z
      .object({ name: z.string().min(1), optional: z.boolean().optional(), items: items.optional() })
      .optional(),
    secret: z
      .object({ secretName: z.string().min(1), optional: z.boolean().optional(), items: items.optional() })
      .optional(),
    persistentVolumeClaim: z.object({ claimName: z.string().min(1), readOnly: z.boolean().optional() }).optional(),
  })
  .meta(
    rules(
      {
        rule: '[has(self.hostPath), has(self.emptyDir), has(self.configMap), has(self.secret), has(self.persistentVolumeClaim)].exists_one(each, each)',
        message: 'must be one of hostPath, emptyDir, configMap, secret and persistentVolumeClaim',
      },
      {
        rule: "!self.name.startsWith('dpu-')",
        message: 'names with dpu- are those of the operator',
        fieldPath: '.name',
      },
      {
        rule: `!has(self.secret) || self.secret.secretName != '${trustNames.authority}'`,
        message: "is the operator's own",
        fieldPath: '.secret.secretName',
      },
    ),
  );

const mountSchema = z
  .object({
    name: z.string().max(63).describe('Of a volume of `volumes`.'),
    mountPath: z
      .string()
      .max(4_096)
      .regex(/^\/.*[^/]|^\/[^/]/, 'must be an absolute path, and not /'),
    subPath: z.string().max(4_096).optional(),
    readOnly: z.boolean().optional(),
    mountPropagation: z.enum(['None', 'HostToContainer', 'Bidirectional']).optional(),
  })
  .meta(
    rules({
      rule: `!self.mountPath.matches('^${vspSocketMount}/*$')`,
      message: 'is where the VSP has its socket',
      fieldPath: '.mountPath',
    }),
  );

const variableSchema = z
  .object({
    name: z
      .string()
      .max(256)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
    value: z.string().max(32_768).default(''),
  })
  .meta(
    rules({
      rule: "!self.name.startsWith('DPU_') && !(self.name in ['K8S_NODE', 'NODE_IP'])",
      message: 'is set by the operator',
      fieldPath: '.name',
    }),
  );

/** Name, labels, owner, node, image, socket and what tells a VSP its DPU are the operator's, and not here. */
export const podOverlaySchema = z
  .object({
    command: z.array(z.string()).min(1).max(64).optional().describe("In place of the image's entry point."),
    args: z.array(z.string()).max(256).optional().describe("In place of the image's arguments."),
    env: z
      .array(variableSchema)
      .max(128)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe("Environment variables; of two with one name this counts, and not the manifest's."),
    volumes: z
      .array(volumeSchema)
      .max(32)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
    volumeMounts: z
      .array(mountSchema)
      .max(64)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['mountPath'] }),
    companions: z
      .array(
        z.object({
          name: z.string().max(63),
          image: z.string().min(1).max(1_024).regex(/^\S+$/, 'must be the name of an image'),
        }),
      )
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe(
        'Images of companions of the manifest, in place of those that it names. A companion for which it names none is in the pod only where its image stands here.',
      ),
    hostPID: z
      .boolean()
      .optional()
      .describe("Whether the pod sees the node's processes, where its manifest does not ask."),
    runAsUser: z.int().min(0).optional().describe("User of the plugin's container, in place of the image's."),
    serviceAccountName: z
      .string()
      .max(253)
      .regex(
        new RegExp(`^${vspServiceAccountPrefix}[a-z0-9]([-a-z0-9]*[a-z0-9])?$`),
        `must begin with ${vspServiceAccountPrefix}`,
      )
      .optional()
      .describe(`ServiceAccount whose token the pod gets. Default: ${workloads.vsp}, without a token.`),
    imagePullSecrets: z
      .array(z.object({ name: z.string().min(1) }))
      .max(16)
      .optional()
      .describe("Secrets in the operator's namespace for the registries of its images."),
    terminationGracePeriodSeconds: z
      .int()
      .min(1)
      .max(600)
      .optional()
      .describe("Seconds from SIGTERM until the pod is killed, in place of the manifest's. Default: 30."),
  })
  .meta(
    rules({
      rule: '!has(self.volumeMounts) || self.volumeMounts.all(mount, has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))',
      message: 'every one of volumeMounts must name one of volumes',
      fieldPath: '.volumeMounts',
    }),
  );

export type PodOverlay = z.infer<typeof podOverlaySchema>;
