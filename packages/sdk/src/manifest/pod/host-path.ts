/** Schema of what a container gets of its node: directories, files and device nodes. */
import { z } from 'zod';
import { repeated } from '../repeated.ts';

/** Where the operator mounts the socket of a VSP in its pod. */
const socketDirectory = '/var/run/dpu-daemon/vendor-plugin';

const nodePath = z
  .string()
  .refine((path) => pathFault(path) === undefined, { error: ({ input }) => pathFault(String(input)) });

const containerPath = z
  .string()
  .refine((path) => mountFault(path) === undefined, { error: ({ input }) => mountFault(String(input)) });

const hostPath = z
  .strictObject({
    path: nodePath.describe('Directory or file of the node'),
    at: containerPath.describe('Where the container has it. Default: at the same path').optional(),
    readOnly: z.boolean().optional(),
    propagation: z.enum(['None', 'HostToContainer', 'Bidirectional']).optional(),
  })
  .superRefine(({ path, at }, context) => {
    // Of a path that is wrong itself this says nothing more.
    const fault = at === undefined && pathFault(path) === undefined ? mountFault(path) : undefined;
    if (fault)
      context.addIssue({ code: 'custom', path: ['path'], message: `${fault}: say with \`at\` where it is to be` });
  });

export const hostPaths = z.array(hostPath).superRefine(
  repeated(
    ({ path, at }) => at ?? path,
    ({ at }) => [at === undefined ? 'path' : 'at'],
  ),
);

const device = z.strictObject({
  path: nodePath.describe('Device node of the node, e.g. /dev/vfio/vfio'),
  at: containerPath.describe('Where the container has it. Default: at the same path').optional(),
  type: z.enum(['character', 'block']).describe('Default: character').optional(),
});

export const devices = z.array(device).superRefine(
  repeated(
    ({ path, at }) => at ?? path,
    ({ at }) => [at === undefined ? 'path' : 'at'],
  ),
);

/** Of a path on a node (https://kubernetes.io/docs/concepts/storage/volumes/). */
function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be an absolute path';
  if (path.split('/').includes('..')) return 'must not contain ..';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[:\x00-\x1f]/.test(path)) return 'must not contain a colon or control characters';
  return undefined;
}

/** Of a path in a container. */
function mountFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault) return fault;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return "must not be /, which would hide the pod's own files";
  const isSocket = `/${parts.join('/')}` === socketDirectory;
  return isSocket ? `must not be ${socketDirectory}, where the VSP has its socket` : undefined;
}
