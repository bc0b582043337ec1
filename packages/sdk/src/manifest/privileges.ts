/** Schema of what a plugin's pod may do on the node. What Kubernetes would refuse of a pod is refused here. */
import { z } from 'zod';
import { capabilityFault, linuxCapabilities } from './capabilities.ts';

const hostPath = z.strictObject({
  path: z
    .string()
    .refine((path) => pathFault(path) === undefined, { error: ({ input }) => pathFault(String(input)) })
    .describe('Directory of the node, mounted at the same place in the pod'),
  readOnly: z.boolean().optional(),
  propagation: z.enum(['None', 'HostToContainer', 'Bidirectional']).optional(),
});

const capability = z
  .string()
  .refine((name) => capabilityFault(name) === undefined, { error: ({ input }) => capabilityFault(String(input)) })
  // For editors.
  .meta({ enum: [...linuxCapabilities] });

export const privileges = z
  .strictObject({
    privileged: z.boolean().default(false),
    capabilities: z.array(capability).default([]).describe('Linux capabilities without CAP_, e.g. NET_ADMIN'),
    hostPaths: z.array(hostPath).default([]),
    hostNetwork: z.boolean().default(true),
    seccomp: z
      .enum(['RuntimeDefault', 'Unconfined'])
      .default('RuntimeDefault')
      .describe('Filter of system calls; of no effect where the container is privileged'),
  })
  .superRefine(({ privileged, hostPaths }, context) => {
    for (const [index, { path, propagation }] of hostPaths.entries()) {
      if (hostPaths.findIndex((other) => other.path === path) < index) {
        context.addIssue({ code: 'custom', path: ['hostPaths', index, 'path'], message: `${path} is there already` });
      }
      if (propagation === 'Bidirectional' && !privileged) {
        const message = 'Bidirectional is for privileged pods only';
        context.addIssue({ code: 'custom', path: ['hostPaths', index, 'propagation'], message });
      }
    }
  })
  .describe("What the plugin's pod may do on the node");

/** Of a mount that has the same path on the node and in the pod (https://kubernetes.io/docs/concepts/storage/volumes/). */
function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be an absolute path';
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return "must not be /, which would hide the pod's own files";
  if (parts.includes('..')) return 'must not contain ..';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[:\x00-\x1f]/.test(path)) return 'must not contain a colon or control characters';
  return undefined;
}
