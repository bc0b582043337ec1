/** What `dpu-vsp dev` of the SDK asks for. */
import { DpuError } from '@dpu-operator/sdk';
import { z } from 'zod';
import { keyFiles } from './sides/protocol.ts';
import type { StandInMachine } from './sides/stand-in.ts';

const settings = z.record(z.string(), z.unknown());
/** As `dpu-vsp` has checked it. */
const machine = z.custom<StandInMachine>().exactOptional();

const devRequest = z.object({
  /** Absolute path of the plugin's package. */
  directory: z.string().startsWith('/'),
  /** The `dpu-vsp` program that serves it: the plugin's own SDK. */
  program: z.string().startsWith('/'),
  /** Laid over those of the manifest, setting by setting. */
  settings: z.object({ host: settings, dpu: settings }),
  /** What stands in for the hardware of a side. */
  machines: z.object({ host: machine, dpu: machine }),
  /** Absolute paths of directories with the keys of the plugin's Secret and ConfigMap, for both sides. */
  files: keyFiles,
  once: z.boolean(),
  verbose: z.boolean(),
});
export type DevRequest = z.infer<typeof devRequest>;

/** @throws DpuError INVALID_ARGUMENT: an SDK of another version asks otherwise */
export function parseRequest(request: unknown): DevRequest {
  const parsed = devRequest.safeParse(request);
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error);
  throw new DpuError('INVALID_ARGUMENT', `install one version of @dpu-operator/sdk and @dpu-operator/core: ${why}`);
}
