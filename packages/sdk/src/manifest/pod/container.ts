/** Schema of what a container of a plugin's pod asks for. What Kubernetes would refuse of a pod is refused here. */
import { z } from 'zod';
import { repeated } from '../repeated.ts';
import { capabilityFault, linuxCapabilities } from './capabilities.ts';
import { devices, hostPaths } from './host-path.ts';
import { resources } from './resources.ts';

const capability = z
  .string()
  .refine((name) => capabilityFault(name) === undefined, { error: ({ input }) => capabilityFault(String(input)) })
  // For editors.
  .meta({ enum: [...linuxCapabilities] });

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .refine((name) => !isOwnVariable(name), 'is set by the operator');

/** Fields of the VSP's container and of companions. */
export const containerFields = {
  privileged: z.boolean().describe('Default: false').optional(),
  capabilities: z
    .array(capability)
    .superRefine(repeated((name) => name))
    .describe('Linux capabilities without CAP_, e.g. NET_ADMIN. Default: none')
    .optional(),
  seccomp: z
    .enum(['RuntimeDefault', 'Unconfined'])
    .describe('Filter of system calls; of no effect where the container is privileged. Default: RuntimeDefault')
    .optional(),
  hostPaths: hostPaths.describe('Directories and files of the node').optional(),
  devices: devices.describe('Device nodes of the node, without which the pod does not start').optional(),
  resources: resources.optional(),
  env: z.record(variable, z.string().max(32_768)).describe('Environment variables').optional(),
};

/** What the operator tells a VSP by its environment. */
function isOwnVariable(name: string): boolean {
  return name.startsWith('DPU_') || name === 'K8S_NODE' || name === 'NODE_IP';
}

interface Fault {
  path: (string | number)[];
  message: string;
}

/** What no container could be made of, though each field by itself is right. */
export function containerFaults({ privileged, hostPaths = [], devices = [] }: z.infer<typeof container>): Fault[] {
  if (privileged) return placeFaults(hostPaths, devices);
  const bidirectional = hostPaths.flatMap(({ propagation }, index) =>
    propagation === 'Bidirectional'
      ? [{ path: ['hostPaths', index, 'propagation'], message: 'Bidirectional is for privileged containers only' }]
      : [],
  );
  const unreachable = 'needs `privileged`: the kubelet lets no other container use device nodes of its node';
  const closed = devices.map((_, index) => ({ path: ['devices', index], message: unreachable }));
  return [...bidirectional, ...closed, ...placeFaults(hostPaths, devices)];
}

const container = z.strictObject(containerFields);

type Places = readonly { path: string; at?: string | undefined }[];

function placeFaults(hostPaths: Places, devices: Places): Fault[] {
  const taken = new Set(hostPaths.map(({ path, at }) => at ?? path));
  return devices.flatMap(({ path, at }, index) =>
    taken.has(at ?? path) ? [{ path: ['devices', index], message: `${at ?? path} is in hostPaths already` }] : [],
  );
}
