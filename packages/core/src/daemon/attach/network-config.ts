/** The CNI configuration of a network, as `dpu-cni` passes it on. */
import { z } from 'zod';
import { deviceInfoDirectory } from '../../api/names/paths.ts';
import { CniError, cniCodes } from '../../cni-error.ts';
import { normalizeMac } from './link/mac.ts';
import { dns, previousResult } from './result.ts';

const onOff = z.enum(['on', 'off']);
const rate = z.int().min(0);
const mac = z.string().transform((text, context) => {
  // Go programs write what is not set as an empty text.
  if (text === '') return undefined;
  const normal = normalizeMac(text);
  if (normal === undefined) context.addIssue('must be a unicast MAC address such as 02:00:00:00:00:01');
  return normal;
});

/** A file of the directory that the Device Information Specification has for it, and no other. */
const cniDeviceInfoFile = z
  .string()
  .regex(
    /^(\/var)?\/run\/k8s\.cni\.cncf\.io\/devinfo\/cni\/(?!\.{1,2}$)[^/\0]+$/,
    `must be a file in ${deviceInfoDirectory}/cni`,
  );

/** Settings of a VF that only its physical function can make. */
export const vfSettings = z.object({
  vlan: z.int().min(0).max(4094).exactOptional(),
  vlanQoS: z.int().min(0).max(7).exactOptional(),
  vlanProto: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['802.1q', '802.1ad']))
    .exactOptional(),
  min_tx_rate: rate.exactOptional(),
  max_tx_rate: rate.exactOptional(),
  spoofchk: onOff.exactOptional(),
  trust: onOff.exactOptional(),
  link_state: z.enum(['auto', 'enable', 'disable']).exactOptional(),
});

/** Names become parts of paths, of log lines and of messages. */
const printable = z.string().regex(/^\P{Cc}{1,255}$/u, 'must be 1 to 255 characters, without control characters');

/** A program of CNI_PATH; anything with a slash would leave it, and we have no addresses to give. */
const ipam = z.looseObject({
  type: z
    .string()
    .regex(/^(?!\.{1,2}$)[\w.-]{1,255}$/, 'must be the name of a plugin in CNI_PATH')
    .refine((type) => type !== 'dpu-cni', 'dpu-cni manages no addresses'),
});
/** None. */
const emptyIpam = z.strictObject({ type: z.literal('').exactOptional() }).nullable();

/** What every command needs; the rest of a configuration is looked at only where it matters. */
const networkBase = z.looseObject({
  /** Absent and empty mean the specification's first version. */
  cniVersion: z
    .string()
    .transform((version) => version || '0.1.0')
    .default('0.1.0'),
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be letters, digits, ".", "_" and "-"'),
  ipam: z.union([ipam, emptyIpam]).exactOptional(),
});

const networkConfig = networkBase.extend({
  ...vfSettings.shape,
  deviceID: printable.exactOptional(),
  mac: mac.exactOptional(),
  mtu: z.int().min(68).max(65_535).exactOptional(),
  /** Of a DpuNetwork. */
  BridgeID: z
    .string()
    .regex(/^[0-9a-f]{8}$/, 'must be 8 hex digits')
    .exactOptional(),
  runtimeConfig: z
    .looseObject({
      mac: mac.exactOptional(),
      deviceID: printable.exactOptional(),
      CNIDeviceInfoFile: cniDeviceInfoFile.exactOptional(),
    })
    .exactOptional(),
  /** Of the plugins before this one in the network's list. */
  prevResult: previousResult.nullish(),
  dns: dns.exactOptional(),
});
export type NetworkConfig = z.infer<typeof networkConfig>;
export type NetworkBase = z.infer<typeof networkBase>;

const garbageConfig = networkBase.omit({ ipam: true }).extend({
  /**
   * Null is an empty list, since Go's libraries write one so: every attachment of the network is stale. Where it is
   * absent, nobody said what is valid: that is no order to destroy anything.
   */
  'cni.dev/valid-attachments': z
    .array(z.looseObject({ containerID: z.string(), ifname: z.string() }))
    .nullable()
    .transform((list) => list ?? [])
    .exactOptional(),
});

export const parseNetworkConfig = (json: unknown): NetworkConfig => parse(networkConfig, json);
export const parseNetworkBase = (json: unknown): NetworkBase => parse(networkBase, json);
export const parseGarbageConfig = (json: unknown) => parse(garbageConfig, json);

/** The MAC asked for in CNI_ARGS: the same rules as in the configuration. */
export function parseMac(text: string, what: string): string | undefined {
  const result = mac.safeParse(text);
  if (result.success) return result.data;
  throw new CniError(cniCodes.invalidEnvironment, `${what} ${result.error.issues[0]?.message}, not ${text}`);
}

function parse<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'it';
  throw new CniError(cniCodes.invalidConfig, `network configuration: ${field}: ${issue?.message}`);
}
