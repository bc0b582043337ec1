/** The CNI configuration of a network, as `dpu-cni` passes it on. */
import { z } from 'zod';
import { deviceInfoDirectory } from '../../api/paths.ts';
import { CniError, cniCodes } from './errors.ts';

const onOff = z.enum(['on', 'off']);
const rate = z.int().min(0);
const mac = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'must be a MAC address such as 02:00:00:00:00:01')
  .refine((text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0, 'must be a unicast MAC address')
  .transform((text) => text.toLowerCase());

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

/** A program of CNI_PATH; anything with a slash would leave it. */
const ipam = z.looseObject({ type: z.string().regex(/^[\w.-]+$/, 'must be the name of a plugin in CNI_PATH') });

/** What every command needs; the rest of a configuration is looked at only where it matters. */
const networkBase = z.looseObject({
  cniVersion: z.string().default('1.0.0'),
  name: z.string().min(1),
  ipam: z.union([ipam, z.strictObject({})]).exactOptional(),
});

const networkConfig = networkBase.extend({
  ...vfSettings.shape,
  deviceID: z.string().min(1).exactOptional(),
  mac: mac.exactOptional(),
  mtu: z.int().min(68).max(65_535).exactOptional(),
  runtimeConfig: z
    .looseObject({
      mac: mac.exactOptional(),
      deviceID: z.string().min(1).exactOptional(),
      CNIDeviceInfoFile: cniDeviceInfoFile.exactOptional(),
    })
    .exactOptional(),
});
export type NetworkConfig = z.infer<typeof networkConfig>;
export type NetworkBase = z.infer<typeof networkBase>;

const garbageConfig = networkBase.extend({
  'cni.dev/valid-attachments': z.array(z.looseObject({ containerID: z.string(), ifname: z.string() })),
});

export const parseNetworkConfig = (json: unknown): NetworkConfig => parse(networkConfig, json);
export const parseNetworkBase = (json: unknown): NetworkBase => parse(networkBase, json);
export const parseGarbageConfig = (json: unknown) => parse(garbageConfig, json);

/** The MAC asked for in CNI_ARGS: the same rules as in the configuration. */
export const parseMac = (text: string, what: string): string => {
  const result = mac.safeParse(text);
  if (result.success) return result.data;
  throw new CniError(cniCodes.invalidEnvironment, `${what} ${result.error.issues[0]?.message}, not ${text}`);
};

function parse<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'it';
  throw new CniError(cniCodes.invalidConfig, `network configuration: ${field}: ${issue?.message}`);
}
