/** What `create` returned, checked at once: a mistake would show at the first port only, as something else. */
import { z } from 'zod';
import type { Limits, Plugin } from '../../contract/contract.ts';
import type { DataPathKind } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';

const kinds = ['bridge', 'networkFunctions', 'chains'] as const satisfies readonly DataPathKind[];
const method = z.custom((value) => typeof value === 'function', 'must be a function');
const address = z.object(
  {
    ip: z.string('must be text').min(1, 'must not be empty'),
    port: z.int('must be a number from 1 to 65535').min(1).max(65_535),
  },
  'must be { ip, port }',
);
const serves = z
  .array(
    z.enum(kinds, { error: ({ input }) => `${JSON.stringify(input)} is none of ${kinds.join(', ')}` }),
    `must be a list of ${kinds.join(', ')}`,
  )
  .refine((all) => new Set(all).size === all.length, 'has one of them twice');
const whole = z.int('must be a whole number from 0').min(0, 'must be a whole number from 0').optional();
const seconds = z.number('must be a number from 0').min(0, 'must be a number from 0').optional();
const flag = z.boolean('must be true or false').optional();
/** Those of a newer host are not read here. */
const limits = z.object(
  {
    maxVfs: whole,
    maxBridgePorts: whole,
    maxLogicalBridges: whole,
    maxNetworkFunctions: whole,
    maxChains: whole,
    changeSeconds: seconds,
    trunk: flag,
    vxlan: flag,
    perBridge: flag,
  } satisfies Record<keyof Limits, z.ZodType>,
  'must be an object',
);
const plugin = z.object(
  {
    address,
    getDevices: method,
    setNumVfs: method,
    virtualFunctions: method.optional(),
    setNumVfsOf: method.optional(),
    watchDevices: method.optional(),
    allocate: method.optional(),
    healthy: method.optional(),
    dataPath: z.object({ serves, apply: method, down: method.optional() }, 'must be an object').optional(),
    networkConfig: z.object({ setNetworkConfig: method }, 'must be an object').optional(),
    limits: limits.optional(),
    services: z.array(z.unknown(), 'must be a list').optional(),
    close: method.optional(),
  } satisfies Record<keyof Plugin, z.ZodType>,
  'must be an object: one side of a DPU',
);

/** @throws DpuError INTERNAL that names what is wrong: it is the plugin's fault. */
export function checkedPlugin(created: Plugin): Plugin {
  const { error } = plugin.safeParse(created);
  if (!error) return created;
  const faults = error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`.replace(/^: /, ''));
  throw new DpuError('INTERNAL', `what the plugin's create returned is wrong: ${faults.join('; ')}`);
}
