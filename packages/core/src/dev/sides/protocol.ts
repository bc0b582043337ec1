/** What the harness and the process of a side tell each other, over the channel that Node gives to child processes. */
import { type ErrorCode, errorCodes } from '@dpu-operator/sdk';
import type { DetectionInput } from '@dpu-operator/sdk/manifest';
import { z } from 'zod';
import type { StandInMachine } from './stand-in.ts';

const text = z.string();
const anything = z.record(text, z.unknown());

/** Directories with the keys of a plugin's Secret and ConfigMap. */
export const keyFiles = z.object({ secret: text.exactOptional(), configMap: text.exactOptional() });

const detectedDpu = z.object({
  name: text,
  identifier: text,
  productName: text,
  plugin: text,
  side: z.enum(['host', 'dpu']),
  functions: z.array(z.object({ address: text, bridges: z.array(text) })).exactOptional(),
});

export const sideStart = z.object({
  node: z.object({ name: text, ip: text }),
  dpu: detectedDpu,
  /** What stands in for /sys. */
  sysfs: text.exactOptional(),
  directory: text,
  program: text,
  settings: anything,
  files: keyFiles,
  gracePeriodSeconds: z.int(),
});
export type SideStart = z.infer<typeof sideStart>;

const bridgePort = z.object({
  name: text,
  macAddress: text,
  type: z.enum(['ACCESS', 'TRUNK']),
  logicalBridges: z.array(text),
});
/** Without a pod: an interface pair, and the function of the chain that it is. */
const networkFunction = z.object({ input: text, output: text, inChainAs: text.exactOptional() });

export const cniCall = z.object({
  command: z.enum(['ADD', 'CHECK', 'DEL']),
  container: text,
  ifName: text,
  netns: text,
  network: text,
  deviceId: text,
});
export type CniCall = z.infer<typeof cniCall>;

/** What a side does when it is asked: the arguments, and the answer. */
export const methods = {
  /** Plugs in what stands in for the card, before the start, and finds the DPU there. */
  standIn: {
    params: z.object({
      machine: z.custom<StandInMachine>(),
      plugin: z.custom<DetectionInput['plugins'][number]>(),
      side: z.enum(['host', 'dpu']),
      nodeName: text,
    }),
    result: z.object({ sysfs: text, dpu: detectedDpu }),
  },
  /** Starts the daemon's part and the VSP. */
  start: { params: sideStart, result: z.null() },
  /** Resolves when the DPU is Ready, or says why it is not within some seconds. */
  ready: { params: z.null(), result: z.object({ ready: z.boolean(), message: text }) },
  capabilities: { params: z.null(), result: z.array(text).nullable() },
  devices: {
    params: z.null(),
    result: z.array(z.object({ id: text, healthy: z.boolean(), pf: z.int(), vf: z.int(), isNetdev: z.boolean() })),
  },
  cni: { params: cniCall, result: z.object({ exitCode: z.int(), output: text }) },
  createBridgePort: { params: bridgePort, result: z.null() },
  deleteBridgePort: { params: bridgePort, result: z.null() },
  /** Names of the pods that are the functions of a chain from now on, in order; others are in none. */
  setChain: { params: z.object({ functions: z.array(text) }), result: z.null() },
  createNetworkFunction: { params: networkFunction, result: z.null() },
  deleteNetworkFunction: { params: networkFunction, result: z.null() },
  /** Ends the VSP and starts it anew; the daemon's part goes on. */
  restart: { params: z.object({ settings: anything }), result: z.null() },
  /** Tears the DPU down and ends the VSP. */
  stop: {
    params: z.null(),
    result: z.object({ exitCode: z.int().nullable(), links: z.array(text), processes: z.array(text) }),
  },
} satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

export type Methods = typeof methods;
export type MethodName = keyof Methods;
export type Params<Name extends MethodName> = z.infer<Methods[Name]['params']>;
export type Result<Name extends MethodName> = z.infer<Methods[Name]['result']>;
export type SideDevice = Result<'devices'>[number];

export const request = z.object({
  id: z.int(),
  method: z.enum(Object.keys(methods) as [MethodName, ...MethodName[]]),
  params: z.unknown(),
});

const callLine = z.object({
  method: text,
  milliseconds: z.number().optional(),
  code: text,
  request: text,
  answer: text,
});

/** What the harness hears: answers, and what happens meanwhile. */
export const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), id: z.int(), result: z.unknown() }),
  z.object({
    kind: z.literal('error'),
    id: z.int(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    message: text,
  }),
  z.object({ kind: z.literal('call'), call: callLine }),
  z.object({ kind: z.literal('printed'), line: text }),
  /** The VSP ended without being told to. */
  z.object({ kind: z.literal('ended'), how: text }),
]);
export type Message = z.infer<typeof message>;
