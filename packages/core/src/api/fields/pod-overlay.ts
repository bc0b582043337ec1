/** What a cluster operator adds to the pod of a plugin, in the form that a pod's own spec has. */
import { z } from 'zod';
import { rules } from '../kinds/kind.ts';
import { trustNames, vspServiceAccountPrefix, workloads } from '../names/names.ts';
import { vspSocketMount } from '../names/paths.ts';

const items = z
  .array(
    z.object({
      key: z.string().describe('Key of the ConfigMap or Secret.'),
      path: z.string().describe('Its file, relative to where the volume is mounted.'),
    }),
  )
  .max(64)
  .describe('Those of its keys that are in the volume. Default: all.');

const mayBeMissing = z.boolean().optional().describe('Whether the pod starts without it, too.');

const volumeSchema = z
  .object({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      .describe('Name of the volume, for `volumeMounts`.'),
    hostPath: z
      .object({
        path: z.string().regex(/^\//, 'must be an absolute path').describe('Path on the node.'),
        type: z
          .enum(['Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket', 'CharDevice', 'BlockDevice'])
          .optional()
          .describe('What must be there, or is made where it ends in OrCreate. Unset: not checked.'),
      })
      .optional()
      .describe('A file or directory of the node.'),
    emptyDir: z
      .object({
        medium: z.string().optional().describe('Memory, or unset for the disk of the node.'),
        sizeLimit: z.string().optional().describe('How much it holds at most, such as 64Mi.'),
      })
      .optional()
      .describe('A directory that lives as long as the pod.'),
    configMap: z
      .object({
        name: z.string().min(1).describe('Its name.'),
        optional: mayBeMissing,
        items: items.optional(),
      })
      .optional()
      .describe("A ConfigMap in the operator's namespace."),
    secret: z
      .object({
        secretName: z.string().min(1).describe('Its name.'),
        optional: mayBeMissing,
        items: items.optional(),
      })
      .optional()
      .describe("A Secret in the operator's namespace."),
    persistentVolumeClaim: z
      .object({
        claimName: z.string().min(1).describe('Its name.'),
        readOnly: z.boolean().optional().describe('Whether it is mounted to be read only.'),
      })
      .optional()
      .describe("A PersistentVolumeClaim in the operator's namespace."),
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
      .regex(/^\/.*[^/]|^\/[^/]/, 'must be an absolute path, and not /')
      .describe('Where it is in the container.'),
    subPath: z.string().max(4_096).optional().describe('The part of the volume that is mounted. Default: all of it.'),
    readOnly: z.boolean().optional().describe('Whether it is mounted to be read only.'),
    mountPropagation: z
      .enum(['None', 'HostToContainer', 'Bidirectional'])
      .optional()
      .describe('Whether later mounts of the node are seen in the container, and the other way round. Default: None.'),
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
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .describe('Its name.'),
    value: z.string().max(32_768).default('').describe('Its value.'),
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
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe("Volumes beside the manifest's."),
    volumeMounts: z
      .array(mountSchema)
      .max(64)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['mountPath'] })
      .describe("Where the plugin's container has them."),
    companions: z
      .array(
        z.object({
          name: z.string().max(63).describe('Name of the companion in the manifest.'),
          image: z.string().min(1).max(1_024).regex(/^\S+$/, 'must be the name of an image').describe('Its image.'),
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
      .array(z.object({ name: z.string().min(1).describe('Name of the Secret.') }))
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
