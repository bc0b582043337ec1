/** What the suite runs against, and how far it goes. */
import { statSync } from 'node:fs';
import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { defaultGracePeriodSeconds } from '../manifest/pod/side-pod.ts';
import { standInMachines } from '../testing/stand-in-machines.ts';
import { canonicalMac } from '../wire/mapping/mac.ts';
import { type Group, groups, type Mode } from './groups.ts';
import type { HealthHook } from './session/health-hook.ts';
import type { StandInMachine } from './target/machine.ts';

/** What to check, and how. Exactly one of `plugin` and `endpoint`. */
export interface ConformanceOptions {
  /** Directory of a plugin's package, or what npm can install: `@acme/vsp@1.2.0`, a tarball. The suite starts it. */
  plugin?: string;
  /** A VSP that runs: `unix:///path/to.sock`. */
  endpoint?: string;
  /** Default: all sides that the plugin has. An endpoint serves one, which must be named. */
  modes?: readonly Mode[];
  /**
   * Whether a VSP at an endpoint may be changed: its number of devices, bridge ports, chains, Init. Without it the suite
   * only reads there. A VSP that the suite starts is always changed.
   */
  disruptive?: boolean;
  /** `dpu_identifier` of Init. Default, for a plugin: that of the DPU on `machine`, or of one with a made-up card. */
  identifier?: string;
  /**
   * Hardware that stands in for that of this machine, by side: the plugin's `platform.sysfs` reads it, and the rules of its
   * manifest find the DPU there. For cards that the machine does not have.
   */
  machine?: { host?: StandInMachine; dpu?: StandInMachine };
  /** The plugin's settings. */
  settings?: unknown;
  /** Directory with a file for each key of the plugin's Secret. Default: there is none. */
  secretDirectory?: string;
  /** Directory with a file for each key of the plugin's ConfigMap. Default: there is none. */
  configMapDirectory?: string;
  /** How many virtual functions the card can have. Default: what the VSP says of it. */
  maxVfs?: number;
  /**
   * Ids of bridge ports that nobody uses, as `host0-40`; the suite makes no others. Default: those that List does not have.
   * Required for an endpoint that cannot list.
   */
  freePorts?: readonly string[];
  /** MAC addresses of interfaces for network functions, two for each. Default: those of the DPU side's devices. */
  nfMacs?: readonly string[];
  /** How to make a device fail and work again. */
  health?: HealthHook;
  /**
   * How to take the device of a bridge port away, by the port's id, and bring it back. Default: the network devices that came
   * with the port on this machine are lowered and raised, where some did.
   */
  carrier?: HealthHook;
  /** Ids of checks or groups. Default: all. */
  only?: readonly string[];
  limits?: Partial<Limits>;
}

/** What the checks hold a VSP to, and how far they go. */
export interface Limits {
  /** Milliseconds that a call may take; of a VSP that announces `changeSeconds`, more by that for each that it waits for. */
  timeoutMs: number;
  /**
   * Milliseconds from SIGTERM to the end of the process. Default: what the plugin's manifest asks for on the side
   * (`pod.gracePeriodSeconds`).
   */
  shutdownMs: number;
  /** How many bridge ports there is room for: no check makes more at a time. Default: `maxVfs`. */
  ports: number;
  /** Calls of a round of the checks for leaks. */
  leakCalls: number;
}

export const defaultLimits: Limits = {
  timeoutMs: 30_000,
  shutdownMs: defaultGracePeriodSeconds * 1_000,
  ports: 10_000,
  leakCalls: 50,
};

const directory = z
  .string()
  .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true, 'is no directory');

const schema = z
  .object({
    plugin: z.string().min(1).optional(),
    endpoint: z
      .string()
      .regex(/^unix:\/\/\/.+/, 'must look like unix:///path/to.sock')
      .optional(),
    modes: z
      .array(z.enum(['host', 'dpu']))
      .min(1)
      .optional(),
    machine: standInMachines.optional(),
    secretDirectory: directory.optional(),
    configMapDirectory: directory.optional(),
    nfMacs: z.array(z.string()).optional(),
    maxVfs: z.int().min(1).optional(),
    freePorts: z
      .array(z.string().regex(/^[a-z0-9-]{4,63}$/, 'an id has 4 to 63 characters of a-z, 0-9 and -'))
      .min(1)
      .optional(),
  })
  .refine(({ plugin, endpoint }) => (plugin === undefined) !== (endpoint === undefined), 'give plugin or endpoint')
  .refine(({ endpoint, machine }) => endpoint === undefined || machine === undefined, {
    path: ['machine'],
    error: 'a VSP at an endpoint runs already: give a plugin',
  })
  .refine(({ endpoint, secretDirectory }) => endpoint === undefined || secretDirectory === undefined, {
    path: ['secretDirectory'],
    error: 'a VSP at an endpoint runs already: give a plugin',
  })
  .refine(({ endpoint, configMapDirectory }) => endpoint === undefined || configMapDirectory === undefined, {
    path: ['configMapDirectory'],
    error: 'a VSP at an endpoint runs already: give a plugin',
  })
  .refine(({ endpoint, modes }) => endpoint === undefined || modes?.length === 1, {
    path: ['modes'],
    error: 'an endpoint serves one side: give the mode, host or dpu',
  })
  .refine(({ nfMacs }) => (nfMacs?.length ?? 0) % 2 === 0, {
    path: ['nfMacs'],
    error: 'a network function has two interfaces: give an even number',
  });

/** @throws DpuError INVALID_ARGUMENT naming the option. */
export function checkOptions(options: ConformanceOptions): void {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw new DpuError('INVALID_ARGUMENT', faults.join('; '));
  }
  for (const mac of options.nfMacs ?? []) canonicalMac(mac, 'nfMacs');
}

/** @throws DpuError INVALID_ARGUMENT for one that names nothing. */
export function select<T extends { id: string; group: Group }>(checks: readonly T[], only?: readonly string[]): T[] {
  if (!only || only.length === 0) return [...checks];
  for (const name of only) {
    if (checks.some(({ id, group }) => id === name || group === name)) continue;
    const known = `groups are ${groups.join(', ')}; list shows all checks`;
    throw new DpuError('INVALID_ARGUMENT', `only: there is no check or group ${JSON.stringify(name)}; ${known}`);
  }
  return checks.filter(({ id, group }) => only.includes(id) || only.includes(group));
}
